// bundle: what is in it, what it refuses, and that being cut off anywhere costs nothing but time.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setArtifactType } from '../src/artifacts/bundle/content.ts';
import type { Io } from '../src/io/io.ts';
import { lock } from '../src/lock.ts';
import { bundleTo, contentOf, createOrigin, dyingAt, put, type Site } from './bundle-site.ts';
import { creeping, skipLongWaits } from './fakes/long-waits.ts';
import { createRegistry } from './fakes/registry-server.ts';
import { tinyGguf } from './fakes/tiny-gguf.mjs';
import { documents, modelDocument, source } from './machine.ts';

let origin: Site;

beforeEach(async () => {
  origin = await createOrigin();
});

afterEach(() => {
  origin.remove();
});

const at = (name: string): string => join(origin.folder, 'out', name);
const codesOf = (problems: readonly { readonly code: string }[]) =>
  problems.map(({ code }) => code);

interface Index {
  readonly manifests: readonly {
    readonly digest: string;
    readonly artifactType?: string;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}
const indexIn = (folder: string): Index =>
  JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Index;

describe('a bundle', () => {
  it('is an OCI image layout with an entry for the set and one for each model', async () => {
    const made = await bundleTo(origin, at('set'));
    expect([made.exitCode, made.problems]).toEqual([0, []]);
    const { manifests } = indexIn(at('set'));
    expect(
      manifests.map(({ annotations }) => annotations['org.opencontainers.image.ref.name']),
    ).toEqual(['_set', 'one', 'two']);
    expect(manifests[0]?.artifactType).toBe(setArtifactType);
    expect(manifests[1]?.annotations['dev.modelctl.source']).toBe('file://./one.gguf');
    for (const [path, hex] of Object.entries(contentOf(join(at('set'), 'blobs', 'sha256')))) {
      expect(createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex')).toBe(path);
    }
  });

  it('has the manifest of a registry beside the model, with all of its blobs', async () => {
    const server = createRegistry();
    const weights = tinyGguf({ seed: 9 });
    server.addModel('library/chat:v1', { weights, layers: { license: 'MIT' } });
    const io: Io = { ...origin.io, http: server.http, web: server.http };
    origin.write('models.yaml', modelDocument('chat', source('chat:v1')));
    const inputs = [join(origin.folder, 'models.yaml')];
    const locked = await lock({ inputs }, { io, signal: AbortSignal.timeout(15_000) });
    expect([locked.exitCode, locked.problems]).toEqual([0, []]);
    const made = await bundleTo(origin, at('set'), {}, io);
    expect([made.exitCode, made.problems]).toEqual([0, []]);
    const registry = indexIn(at('set')).manifests[2];
    expect(registry?.annotations['org.opencontainers.image.ref.name']).toBe('chat__registry');
    const blobs = new Set(Object.keys(contentOf(join(at('set'), 'blobs', 'sha256'))));
    const text = readFileSync(
      join(at('set'), 'blobs', 'sha256', registry?.digest.slice(7) ?? ''),
      'utf8',
    );
    const named = [...text.matchAll(/sha256:([0-9a-f]{64})/g)].map(([, hex = '']) => hex);
    expect(named.filter((hex) => !blobs.has(hex))).toEqual([]);
    expect(contentOf(join(origin.home, 'cache', 'staging'))).toEqual({});
  });

  it('is made of bytes that came no faster than was asked for', async () => {
    const server = createRegistry();
    const weights = tinyGguf({ seed: 9 });
    server.addModel('library/chat:v1', { weights });
    server.addModel('library/chat:v2', { weights: tinyGguf({ seed: 10 }) });
    const waits = skipLongWaits(origin.io.clock);
    const io: Io = { ...origin.io, http: server.http, web: server.http, clock: waits.clock };
    origin.write(
      'models.yaml',
      documents(
        modelDocument('one', source('chat:v1'), 'servedName: one'),
        modelDocument('two', source('chat:v2'), 'servedName: two'),
      ),
    );
    const inputs = [join(origin.folder, 'models.yaml')];
    await lock({ inputs }, { io, signal: AbortSignal.timeout(15_000) });
    const made = await bundleTo(origin, at('set'), { rateLimit: creeping }, io);
    expect([made.exitCode, made.problems]).toEqual([0, []]);
    expect(waits.count()).toBeGreaterThan(0);
  });

  it.each(['set', 'set.tar'])('has the same bytes each time (%s)', async (name) => {
    await bundleTo(origin, at(name));
    const first = contentOf(at(name));
    rmSync(at(name), { recursive: true });
    await bundleTo(origin, at(name));
    expect(contentOf(at(name))).toEqual(first);
    const again = await bundleTo(origin, at(name));
    expect([again.exitCode, contentOf(at(name))]).toEqual([0, first]);
  });

  it('writes only what is missing or damaged in a folder', async () => {
    const made = await bundleTo(origin, at('set'));
    expect(made.writtenBytes).toBe(made.bytes);
    const before = contentOf(at('set'));
    const weights = createHash('sha256').update(readFileSync(join(origin.folder, 'one.gguf')));
    const blob = join(at('set'), 'blobs', 'sha256', weights.digest('hex'));
    const bytes = readFileSync(blob);
    writeFileSync(blob, bytes.with(100, (bytes[100] ?? 0) ^ 1));
    const again = await bundleTo(origin, at('set'));
    expect([again.writtenBytes, contentOf(at('set'))]).toEqual([bytes.length, before]);
  });

  it('of fewer models than before drops the bytes of the others', async () => {
    await bundleTo(origin, at('set'));
    const one = await bundleTo(origin, at('set'), { models: ['one'] });
    const { manifests } = indexIn(at('set'));
    expect([one.writtenBytes, manifests.length]).toEqual([0, 2]);
    const direct = await bundleTo(origin, at('direct'), { models: ['one'] });
    expect([direct.exitCode, contentOf(at('set'))]).toEqual([0, contentOf(at('direct'))]);
  });

  it('takes no lock that the manifests have outgrown', async () => {
    rmSync(join(origin.folder, 'models.lock.yaml'));
    const without = await bundleTo(origin, at('set'));
    expect([without.exitCode, codesOf(without.problems)]).toEqual([6, ['lock/unlocked']]);
    expect(existsSync(at('set'))).toBe(false);
  });

  it.each([
    ['-', 'cli/invalid-out'],
    ['models.tar.gz', 'cli/invalid-out'],
    ['models.tgz', 'cli/invalid-out'],
  ])('is not written to %s', async (path, code) => {
    const made = await bundleTo(origin, path);
    expect([made.exitCode, codesOf(made.problems)]).toEqual([1, [code]]);
  });

  it('names a Model that is not declared, and does nothing', async () => {
    const made = await bundleTo(origin, at('set'), { models: ['on'] });
    expect([made.exitCode, codesOf(made.problems)]).toEqual([1, ['lock/unknown-model']]);
  });

  it('leaves a folder alone that holds something else', async () => {
    put(join(at('set'), 'thesis.txt'), 'mine');
    const made = await bundleTo(origin, at('set'));
    expect([made.exitCode, codesOf(made.problems)]).toEqual([3, ['bundle/occupied']]);
    expect(Object.keys(contentOf(at('set')))).toEqual(['thesis.txt']);
  });

  it.each(['set', 'set.tar'])('wants room before its first byte (%s)', async (name) => {
    const space = async () => ({ freeBytes: 1000, totalBytes: 2000 });
    const io: Io = { ...origin.offline, files: { ...origin.offline.files, space } };
    const made = await bundleTo(origin, at(name), {}, io);
    expect([made.exitCode, codesOf(made.problems)]).toEqual([3, ['bundle/does-not-fit']]);
    expect([existsSync(at(name)), existsSync(`${at(name)}.partial`)]).toEqual([false, false]);
  });
});

describe('a bundle that is cut off', () => {
  it.each(['set', 'set.tar'])('at any change is gone on with (%s)', async (name) => {
    await bundleTo(origin, at(name));
    const whole = contentOf(at(name));
    rmSync(join(origin.folder, 'out'), { recursive: true });
    const counted = dyingAt(origin.offline, Number.POSITIVE_INFINITY);
    await bundleTo(origin, at(name), {}, counted.io);
    for (let change = 1; change <= counted.count(); change += 1) {
      rmSync(join(origin.folder, 'out'), { recursive: true, force: true });
      await bundleTo(origin, at(name), {}, dyingAt(origin.offline, change).io);
      const ended = await bundleTo(origin, at(name));
      expect([change, ended.exitCode, ended.problems]).toEqual([change, 0, []]);
      expect(contentOf(at(name))).toEqual(whole);
      expect(existsSync(`${at(name)}.partial`)).toBe(false);
    }
  });

  it('in a tar does not write again what is right in it', async () => {
    await bundleTo(origin, at('set.tar'));
    const whole = contentOf(at('set.tar'));
    const bytes = readFileSync(at('set.tar'));
    rmSync(at('set.tar'));
    // All but the last of the two models' files, which stand in the order of their digests.
    const [first = 0] = [1, 2].map(
      (seed) => statSync(join(origin.folder, seed === 1 ? 'one.gguf' : 'two.gguf')).size,
    );
    writeFileSync(`${at('set.tar')}.partial`, bytes.subarray(0, bytes.length - first));
    const ended = await bundleTo(origin, at('set.tar'));
    expect([ended.exitCode, ended.writtenBytes < ended.bytes]).toEqual([0, true]);
    expect(contentOf(at('set.tar'))).toEqual(whole);
  });

  it('in a tar is right whatever else lies under its temporary name', async () => {
    await bundleTo(origin, at('set.tar'));
    const whole = contentOf(at('set.tar'));
    writeFileSync(`${at('set.tar')}.partial`, Buffer.alloc(2_000_000, 7));
    expect((await bundleTo(origin, at('set.tar'))).exitCode).toBe(0);
    expect(contentOf(at('set.tar'))).toEqual(whole);
    appendFileSync(`${at('set.tar')}.partial`, 'x');
    expect((await bundleTo(origin, at('set.tar'))).exitCode).toBe(0);
    expect(contentOf(at('set.tar'))).toEqual(whole);
  });

  it('by a full disk says so, and goes on when there is room', async () => {
    const counted = dyingAt(origin.offline, Number.POSITIVE_INFINITY);
    await bundleTo(origin, at('set'), {}, counted.io);
    const whole = contentOf(at('set'));
    rmSync(at('set'), { recursive: true });
    const full = await bundleTo(origin, at('set'), {}, dyingAt(origin.offline, 8, 'ENOSPC').io);
    expect([full.exitCode, codesOf(full.problems)]).toEqual([3, ['transfer/disk-full']]);
    expect((await bundleTo(origin, at('set'))).exitCode).toBe(0);
    expect(contentOf(at('set'))).toEqual(whole);
  });
});
