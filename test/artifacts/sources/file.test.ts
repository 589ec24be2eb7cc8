import { once } from 'node:events';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fileSource } from '../../../src/artifacts/sources/file/index.ts';
import { locate, parseFileReference } from '../../../src/artifacts/sources/file/reference.ts';
import { ggufBytes } from '../../fakes/gguf-bytes.ts';
import { digestOf } from '../../fakes/registry-store.ts';
import { createWorld, matching, problemOf, valueOf } from '../world.ts';

describe('the one spelling of a reference', () => {
  it.each([
    ['file://./x.gguf', 'file://./x.gguf'],
    ['file://x.gguf', 'file://./x.gguf'],
    ['FILE://models//./a/../x.gguf', 'file://./models/x.gguf'],
    ['file://./a/../../x.gguf', 'file://../x.gguf'],
    ['file:///models/../../x.gguf', 'file:///x.gguf'],
    ['file://./my model.gguf', 'file://./my%20model.gguf'],
    ['file://./my%20model%2Egguf', 'file://./my%20model.gguf'],
    ['file://./%C3%A9@1:2.gguf', 'file://./%C3%A9@1:2.gguf'],
    ['file://./a%23b%3F.gguf', 'file://./a%23b%3F.gguf'],
  ])('%s is %s', (reference, canonical) => {
    expect(valueOf(fileSource.canonicalize(reference))).toBe(canonical);
    expect(valueOf(fileSource.canonicalize(canonical))).toBe(canonical);
  });

  it.each([
    'file://',
    'file://./',
    'file://.',
    'file://..',
    'file:///',
    'file://./models/',
    'file://~/x.gguf',
    'file://./x.gguf?raw=1',
    'file://./x.gguf#sha256=ab',
    'file://./100%.gguf',
    'file://./%ff.gguf',
    'file://./a%2Fb.gguf',
    'file://./a%00b.gguf',
  ])('%s is refused with how to write it', (reference) => {
    expect(problemOf(fileSource.canonicalize(reference))).toMatchObject({
      code: 'source/invalid',
      remedy: matching('file://./model.gguf'),
    });
  });

  it('leads back to the same names, whatever they are', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/[/\u0000]/.test(text) && text !== '.' && text !== '..');
    fc.assert(
      fc.property(
        fc.array(name, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (names, absolute) => {
          const reference = `file://${absolute ? '/' : './'}${names.map(encodeURIComponent).join('/')}`;
          const canonical = valueOf(fileSource.canonicalize(reference));
          expect(valueOf(parseFileReference(canonical))).toEqual({ absolute, names });
          expect(canonical).toMatch(/^[\u0021-\u007e]+$/);
        },
      ),
    );
  });
});

describe('where a reference leads', () => {
  const at = (reference: string, folder: string, platform: string) =>
    locate(valueOf(parseFileReference(reference)), folder, platform);

  it.each([
    ['file://./x.gguf', '/srv/models', 'linux', '/srv/models/x.gguf'],
    ['file://../a%20b/x.gguf', '/srv/models/', 'linux', '/srv/a b/x.gguf'],
    ['file://../../../../x.gguf', '/srv', 'linux', '/x.gguf'],
    ['file:///data/x.gguf', '/srv', 'linux', '/data/x.gguf'],
    ['file://./a/x.gguf', 'C:\\models', 'win32', 'C:\\models\\a\\x.gguf'],
    ['file://../x.gguf', 'C:\\models\\here', 'win32', 'C:\\models\\x.gguf'],
    ['file:///D:/data/x.gguf', 'C:\\models', 'win32', 'D:\\data\\x.gguf'],
  ])('%s seen from %s on %s is %s', (reference, folder, platform, path) => {
    expect(at(reference, folder, platform)).toBe(path);
  });
});

describe('a reference seen from another folder', () => {
  const rebase = (reference: string, from: string, to: string, platform = 'linux') =>
    fileSource.rebase(reference, from, to, platform);

  it.each([
    ['file://./x.gguf', '/repo/team', '/repo', 'linux', 'file://./team/x.gguf'],
    ['file://../x.gguf', '/repo/team', '/repo', 'linux', 'file://./x.gguf'],
    ['file://./x.gguf', '/repo', '/repo/team', 'linux', 'file://../x.gguf'],
    ['file://./x.gguf', '/repo', '/repo', 'linux', 'file://./x.gguf'],
    ['file:///data/x.gguf', '/repo/team', '/repo', 'linux', 'file:///data/x.gguf'],
    ['file://./x.gguf', 'C:\\repo\\a b', 'C:\\repo', 'win32', 'file://./a%20b/x.gguf'],
  ])('%s from %s is, from %s on %s, %s', (reference, from, to, platform, expected) => {
    expect(rebase(reference, from, to, platform)).toBe(expected);
  });

  it('leads to the same file', () => {
    const folder = fc
      .array(fc.constantFrom('a', 'b', 'c d'), { maxLength: 4 })
      .map((names) => `/${names.join('/')}`);
    const names = fc.array(fc.constantFrom('..', 'a', 'b'), { maxLength: 5 });
    fc.assert(
      fc.property(names, folder, folder, (path, from, to) => {
        const reference = `file://./${[...path, 'x.gguf'].join('/')}`;
        const there = valueOf(parseFileReference(rebase(reference, from, to)));
        const here = valueOf(parseFileReference(reference));
        expect(locate(there, to, 'linux')).toBe(locate(here, from, 'linux'));
      }),
    );
  });
});

describe('resolving', () => {
  it('gives digest, size and what the header says', async () => {
    const world = createWorld();
    const bytes = ggufBytes();
    writeFileSync(join(world.folder, 'my model.gguf'), bytes);
    expect(valueOf(await fileSource.resolve('file://my model.gguf', world))).toMatchObject({
      source: 'file://./my%20model.gguf',
      revision: digestOf(bytes),
      weights: digestOf(bytes),
      files: [{ path: 'my model.gguf', bytes: bytes.length, digest: digestOf(bytes) }],
      facts: {
        format: 'gguf',
        architecture: 'llama',
        contextLength: 4096,
      },
    });
  });

  it('reads no more than the header for the facts, however large the vocabulary', async () => {
    const world = createWorld();
    const words = Array.from({ length: 60_000 }, (_, index) => `word${index}`);
    const bytes = ggufBytes({
      pairs: [
        { key: 'tokenizer.ggml.tokens', type: 'array', itemType: 'string', value: words },
        { key: 'general.architecture', type: 'string', value: 'gemma3' },
      ],
    });
    writeFileSync(join(world.folder, 'x.gguf'), bytes);
    expect(valueOf(await fileSource.resolve('file://x.gguf', world)).facts.architecture).toBe(
      'gemma3',
    );
  });

  it('takes a file of another format with a warning', async () => {
    const world = createWorld();
    writeFileSync(join(world.folder, 'x.bin'), 'not a model');
    const result = await fileSource.resolve('file://x.bin', world);
    expect(valueOf(result).facts).toEqual({});
    expect(result.problems).toMatchObject([{ severity: 'warning', code: 'source/unknown-format' }]);
  });

  it.each([
    ['cut in its header', (file: string) => truncateSync(file, 100), /ends before its header does/],
    [
      'cut in its weights',
      (file: string) => truncateSync(file, ggufBytes().length - 1),
      /it was cut/,
    ],
    [
      'damaged',
      (file: string) => writeFileSync(file, ggufBytes({ tensorCount: 2n ** 63n })),
      /2\^53/,
    ],
  ])('refuses a GGUF file that is %s', async (_, damage, detail) => {
    const world = createWorld();
    const path = join(world.folder, 'x.gguf');
    writeFileSync(path, ggufBytes());
    damage(path);
    expect(problemOf(await fileSource.resolve('file://x.gguf', world))).toMatchObject({
      code: 'source/broken-file',
      detail: matching(detail),
    });
  });

  it('names the file that was meant when there is none', async () => {
    const world = createWorld();
    writeFileSync(join(world.folder, 'starter.gguf'), 'x');
    expect(problemOf(await fileSource.resolve('file://./startr.gguf', world))).toMatchObject({
      code: 'source/not-found',
      remedy: 'Did you mean starter.gguf?',
    });
    expect(problemOf(await fileSource.resolve('file://./no/folder/x.gguf', world))).toMatchObject({
      code: 'source/not-found',
      detail: matching('no folder'),
    });
  });

  it('refuses folders, sockets and empty files without waiting for them', async () => {
    const world = createWorld();
    mkdirSync(join(world.folder, 'folder'));
    writeFileSync(join(world.folder, 'empty.gguf'), '');
    const server = createServer().listen(join(world.folder, 'socket'));
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    for (const [name, what] of [
      ['folder', 'a folder'],
      ['empty.gguf', 'an empty file'],
      ['socket', 'a pipe, socket or device'],
    ]) {
      expect(problemOf(await fileSource.resolve(`file://./${name}`, world))).toMatchObject({
        code: 'source/not-a-file',
        detail: matching(what ?? ''),
      });
    }
  });

  it('says so when the file changes while it is read', async () => {
    const world = createWorld();
    const path = join(world.folder, 'x.bin');
    writeFileSync(path, 'before');
    let reads = 0;
    const files = {
      ...world.io.files,
      readStream: (at: string) => {
        reads += 1;
        if (reads === 2) writeFileSync(path, 'after, and longer');
        return world.io.files.readStream(at);
      },
    };
    const problem = problemOf(
      await fileSource.resolve('file://x.bin', { ...world, io: { ...world.io, files } }),
    );
    expect(problem).toMatchObject({ code: 'source/changed-while-read', retry: 'later' });
  });

  it('tells a file that may not be read from one that is not there', async () => {
    const world = createWorld();
    writeFileSync(join(world.folder, 'x.gguf'), 'x');
    const denied = Object.assign(new Error('denied'), { code: 'EACCES' });
    const files = { ...world.io.files, stat: () => Promise.reject(denied) };
    expect(
      problemOf(
        await fileSource.resolve('file://x.gguf', { ...world, io: { ...world.io, files } }),
      ),
    ).toMatchObject({
      code: 'transfer/access-denied',
      retry: 'never',
    });
  });
});
