// What every implementation of `Files` does: run against a real folder and against the fake, so
// that what tests rely on in memory is what happens on disk.
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Files } from '../../src/io/io.ts';

export interface FilesUnderTest {
  readonly files: Files;
  /** Empty, and there. */
  readonly folder: string;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (content: Uint8Array): string => new TextDecoder().decode(content);

async function* chunks(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield bytes(part);
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of stream) parts.push(chunk);
  return textOf(Buffer.concat(parts));
}

export function describeFiles(title: string, setUp: () => Promise<FilesUnderTest>): void {
  describe(title, () => {
    let files: Files;
    let at: (...parts: readonly string[]) => string;

    beforeEach(async () => {
      const world = await setUp();
      files = world.files;
      at = (...parts) => join(world.folder, ...parts);
    });

    it('tells what is there, and null for nothing', async () => {
      await files.writeAtomic(at('sub', 'a.txt'), 'four');
      expect(await files.stat(at('sub', 'a.txt'))).toMatchObject({ kind: 'file', bytes: 4 });
      expect(await files.stat(at('sub'))).toMatchObject({ kind: 'folder' });
      expect(await files.stat(at('none'))).toBeNull();
      expect(await files.stat(at('sub', 'a.txt', 'below'))).toBeNull();
    });

    it('writes a file and its folders, and replaces it whole', async () => {
      const path = at('deep', 'er', 'a.txt');
      await files.writeAtomic(path, 'a long first content');
      await files.writeAtomic(path, bytes('second'));
      expect(textOf(await files.readBytes(path, 100))).toBe('second');
      expect(await files.list(at('deep', 'er'))).toEqual([{ name: 'a.txt', kind: 'file' }]);
    });

    it('does not write over a folder', async () => {
      await files.makeFolder(at('taken'));
      await expect(files.writeAtomic(at('taken'), 'x')).rejects.toMatchObject({
        code: expect.stringMatching(/^E/) as string,
      });
      expect(await files.stat(at('taken'))).toMatchObject({ kind: 'folder' });
      expect(await files.list(at())).toEqual([{ name: 'taken', kind: 'folder' }]);
    });

    it('refuses to read more than was asked for', async () => {
      await files.writeAtomic(at('a.txt'), 'four');
      expect(textOf(await files.readBytes(at('a.txt'), 4))).toBe('four');
      await expect(files.readBytes(at('a.txt'), 3)).rejects.toMatchObject({
        code: 'ERR_FS_FILE_TOO_LARGE',
      });
    });

    it('reads an empty file as no bytes', async () => {
      await files.writeAtomic(at('empty'), '');
      expect(await files.readBytes(at('empty'), 0)).toHaveLength(0);
      expect(await collect(files.readStream(at('empty')))).toBe('');
    });

    it.each(['readBytes', 'readStream', 'list', 'realPath'] as const)(
      'fails with ENOENT when %s finds nothing',
      async (method) => {
        const path = at('none');
        const calls = {
          readBytes: () => files.readBytes(path, 1),
          readStream: () => collect(files.readStream(path)),
          list: () => files.list(path),
          realPath: () => files.realPath(path),
        };
        await expect(calls[method]()).rejects.toMatchObject({ code: 'ENOENT' });
      },
    );

    it('does not read a folder as a file', async () => {
      await expect(files.readBytes(at(), 100)).rejects.toMatchObject({ code: 'EISDIR' });
    });

    it('streams a whole file in order', async () => {
      const content = Array.from({ length: 100_000 }, (_, line) => `${line}\n`).join('');
      await files.writeAtomic(at('large'), content);
      expect(await collect(files.readStream(at('large')))).toBe(content);
    });

    it.each([
      [{ start: 2 }, '23456789'],
      [{ start: 2, end: 4 }, '234'],
      [{ start: 9, end: 9 }, '9'],
      [{ start: 8, end: 100 }, '89'],
      [{ start: 10 }, ''],
      [{ start: 50, end: 60 }, ''],
    ])('streams the range %j', async (range, expected) => {
      await files.writeAtomic(at('digits'), '0123456789');
      expect(await collect(files.readStream(at('digits'), range))).toBe(expected);
    });

    it('stops reading when the reader does', async () => {
      await files.writeAtomic(at('large'), 'x'.repeat(1_000_000));
      let read = 0;
      for await (const chunk of files.readStream(at('large'))) {
        read += chunk.length;
        break;
      }
      expect(read).toBeLessThan(1_000_000);
    });

    it('lists names sorted by code unit', async () => {
      for (const name of ['b', 'B', 'ä', 'a', '10', '9']) await files.writeAtomic(at(name), '');
      const names = (await files.list(at())).map((entry) => entry.name);
      expect(names).toEqual(['10', '9', 'B', 'a', 'b', 'ä']);
    });

    it('globs absolute paths, sorted, without hidden files', async () => {
      for (const name of ['b.yaml', 'a.yaml', 'a.json', '.hidden.yaml', 'sub/c.yaml']) {
        await files.writeAtomic(at(name), '');
      }
      expect(await files.glob('*.yaml', at())).toEqual([at('a.yaml'), at('b.yaml')]);
      expect(await files.glob('**/*.yaml', at())).toEqual([
        at('a.yaml'),
        at('b.yaml'),
        at('sub/c.yaml'),
      ]);
      expect(await files.glob('{a,z}.*', at())).toEqual([at('a.json'), at('a.yaml')]);
      expect(await files.glob('../*/*.json', at('sub'))).toEqual([]);
      expect(await files.glob('../*.json', at('sub'))).toEqual([at('a.json')]);
      expect(await files.glob(at('sub/*'), '/')).toEqual([at('sub/c.yaml')]);
    });

    it('globs to nothing where nothing matches or is there', async () => {
      expect(await files.glob('*.yaml', at())).toEqual([]);
      expect(await files.glob('*.yaml', at('none'))).toEqual([]);
    });

    it('appends to what is there and tells of each chunk', async () => {
      const seen: number[] = [];
      const onBytes = (count: number): number => seen.push(count);
      await files.appendStream(at('log'), chunks('one ', 'three '), { onBytes });
      await files.appendStream(at('log'), chunks('six'));
      expect(textOf(await files.readBytes(at('log'), 100))).toBe('one three six');
      expect(seen).toEqual([4, 6]);
    });

    it('keeps what was appended before the stream failed', async () => {
      async function* cut(): AsyncGenerator<Uint8Array> {
        yield bytes('first');
        throw new Error('the connection was cut');
      }
      await expect(files.appendStream(at('part'), cut())).rejects.toThrow('was cut');
      expect(textOf(await files.readBytes(at('part'), 100))).toBe('first');
    });

    it('does not append where there is no folder', async () => {
      await expect(files.appendStream(at('none', 'log'), chunks('x'))).rejects.toMatchObject({
        code: 'ENOENT',
      });
    });

    it('renames over a file, making folders', async () => {
      await files.writeAtomic(at('from'), 'new');
      await files.writeAtomic(at('there', 'to'), 'old');
      await files.rename(at('from'), at('there', 'to'));
      await files.rename(at('there', 'to'), at('other', 'place', 'to'));
      expect(textOf(await files.readBytes(at('other', 'place', 'to'), 100))).toBe('new');
      expect(await files.stat(at('from'))).toBeNull();
      expect(await files.list(at('there'))).toEqual([]);
    });

    it('fails to rename what is not there', async () => {
      await expect(files.rename(at('none'), at('to'))).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('clones into a file of its own', async () => {
      await files.writeAtomic(at('from'), 'content');
      await files.clone(at('from'), at('copies', 'to'));
      await files.appendStream(at('copies', 'to'), chunks(' and more'));
      expect(textOf(await files.readBytes(at('from'), 100))).toBe('content');
      expect(textOf(await files.readBytes(at('copies', 'to'), 100))).toBe('content and more');
    });

    it('does not clone over anything', async () => {
      await files.writeAtomic(at('from'), 'content');
      await files.writeAtomic(at('to'), 'other');
      await expect(files.clone(at('from'), at('to'))).rejects.toMatchObject({ code: 'EEXIST' });
      expect(textOf(await files.readBytes(at('to'), 100))).toBe('other');
    });

    it('gives a file a second name, over nothing that is there', async () => {
      await files.writeAtomic(at('from'), 'content');
      await files.link(at('from'), at('deep', 'to'));
      await files.remove(at('from'));
      expect(textOf(await files.readBytes(at('deep', 'to'), 100))).toBe('content');
      await files.writeAtomic(at('from'), 'other');
      await expect(files.link(at('from'), at('deep', 'to'))).rejects.toMatchObject({
        code: 'EEXIST',
      });
      await expect(files.link(at('none'), at('new'))).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('knows what may be done in a folder, and what is none', async () => {
      await files.writeAtomic(at('sub', 'file'), 'x');
      expect(await files.accessTo(at('sub'))).toBe('write');
      expect(await files.accessTo(at('sub', 'file'))).toBe('none');
      expect(await files.accessTo(at('none'))).toBe('none');
    });

    it('knows which paths share a disk, also before they are there', async () => {
      await files.makeFolder(at('sub'));
      expect(await files.onSameDisk(at('sub'), at('not', 'yet'))).toBe(true);
    });

    it('gives what it made the time of now, and keeps the bytes', async () => {
      await files.writeAtomic(at('file'), 'content');
      const before = await files.stat(at('file'));
      await files.giveLike(at('file'), 0o644, at());
      const after = await files.stat(at('file'));
      // A time that is given has whole milliseconds; the system's own is finer.
      const wasAt = Math.floor(before?.modifiedAt ?? Infinity);
      expect(after?.modifiedAt).toBeGreaterThanOrEqual(wasAt);
      expect(textOf(await files.readBytes(at('file'), 100))).toBe('content');
    });

    it('removes a file, and nothing is fine', async () => {
      await files.writeAtomic(at('a'), '');
      await files.remove(at('a'));
      await files.remove(at('a'));
      await files.remove(at('none', 'below'));
      expect(await files.stat(at('a'))).toBeNull();
    });

    it('never removes a folder', async () => {
      await files.makeFolder(at('folder'));
      await expect(files.remove(at('folder'))).rejects.toMatchObject({
        code: expect.stringMatching(/^E(ISDIR|PERM)$/) as string,
      });
      expect(await files.stat(at('folder'))).toMatchObject({ kind: 'folder' });
    });

    it('says of a link that it is one, and where it leads', async () => {
      await files.writeAtomic(at('target'), 'content');
      await files.symlink('../target', at('deep', 'link'));
      await files.symlink('nowhere', at('dangling'));
      expect(await files.entry(at('deep', 'link'))).toMatchObject({ kind: 'link' });
      expect(await files.readLink(at('deep', 'link'))).toBe('../target');
      expect(await files.stat(at('deep', 'link'))).toMatchObject({ kind: 'file', bytes: 7 });
      expect(await files.entry(at('dangling'))).toMatchObject({ kind: 'link' });
      expect(await files.stat(at('dangling'))).toBeNull();
      expect(await files.list(at())).toContainEqual({ name: 'dangling', kind: 'other' });
      expect(await files.entry(at('target'))).toMatchObject({ kind: 'file', bytes: 7, names: 1 });
      expect(await files.entry(at('deep'))).toMatchObject({ kind: 'folder' });
      expect(await files.entry(at('none', 'below'))).toBeNull();
      await expect(files.readLink(at('target'))).rejects.toMatchObject({ code: 'EINVAL' });
      await expect(files.readLink(at('none'))).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('moves and removes a link itself, and what it leads to stays', async () => {
      await files.writeAtomic(at('target'), 'content');
      await files.symlink('target', at('link'));
      await files.symlink('elsewhere', at('other'));
      await files.rename(at('link'), at('other'));
      expect(await files.readLink(at('other'))).toBe('target');
      expect(await files.entry(at('link'))).toBeNull();
      await files.remove(at('other'));
      expect(await files.entry(at('other'))).toBeNull();
      expect(await files.stat(at('target'))).toMatchObject({ kind: 'file' });
    });

    it('gives the same bytes a second name', async () => {
      await files.writeAtomic(at('from'), 'content');
      await files.link(at('from'), at('links', 'to'));
      expect(await files.entry(at('from'))).toMatchObject({ kind: 'file', names: 2 });
      await files.appendStream(at('from'), chunks(' and more'));
      expect(textOf(await files.readBytes(at('links', 'to'), 100))).toBe('content and more');
      await files.writeAtomic(at('from'), 'new');
      expect(textOf(await files.readBytes(at('links', 'to'), 100))).toBe('content and more');
      await files.remove(at('from'));
      expect(await files.entry(at('links', 'to'))).toMatchObject({ names: 1 });
    });

    it('makes no link of either kind over anything', async () => {
      await files.writeAtomic(at('from'), 'content');
      await files.symlink('nowhere', at('taken'));
      await expect(files.link(at('from'), at('taken'))).rejects.toMatchObject({ code: 'EEXIST' });
      await expect(files.symlink('from', at('taken'))).rejects.toMatchObject({ code: 'EEXIST' });
      await expect(files.link(at('none'), at('to'))).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await files.readLink(at('taken'))).toBe('nowhere');
    });

    it('works in folders that a link leads to', async () => {
      await files.makeFolder(at('real'));
      await files.symlink('real', at('alias'));
      await files.writeAtomic(at('alias', 'a'), 'content');
      expect(textOf(await files.readBytes(at('real', 'a'), 100))).toBe('content');
      expect(await files.realPath(at('alias', 'a'))).toBe(await files.realPath(at('real', 'a')));
      expect(await files.list(at('alias'))).toEqual([{ name: 'a', kind: 'file' }]);
    });

    it('removes a folder only when nothing is in it', async () => {
      await files.writeAtomic(at('full', 'a'), '');
      await files.makeFolder(at('empty'));
      expect(await files.removeFolder(at('full'))).toBe(false);
      expect(await files.removeFolder(at('empty'))).toBe(true);
      expect(await files.removeFolder(at('empty'))).toBe(true);
      expect(await files.list(at())).toEqual([{ name: 'full', kind: 'folder' }]);
      await expect(files.removeFolder(at('full', 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    });

    it('makes folders, those above too, and again without complaint', async () => {
      await files.makeFolder(at('a', 'b', 'c'));
      await files.makeFolder(at('a', 'b', 'c'));
      expect(await files.list(at('a', 'b'))).toEqual([{ name: 'c', kind: 'folder' }]);
    });

    it('does not make a folder of a file', async () => {
      await files.writeAtomic(at('file'), '');
      await expect(files.makeFolder(at('file'))).rejects.toMatchObject({ code: 'EEXIST' });
      await expect(files.makeFolder(at('file', 'below'))).rejects.toMatchObject({
        code: 'ENOTDIR',
      });
    });

    it('knows the space of a place that is not there yet', async () => {
      const space = await files.space(at('not', 'yet'));
      expect(space?.freeBytes).toBeGreaterThan(0);
      expect(space?.totalBytes).toBeGreaterThanOrEqual(space?.freeBytes ?? 0);
    });
  });
}
