import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createObtain } from '../../../src/artifacts/transfer/obtain.ts';
import type { Artifact } from '../../../src/core/artifact.ts';
import type { Files, Io } from '../../../src/io/io.ts';
import { createRegistry } from '../../fakes/registry-server.ts';
import { digestOf } from '../../fakes/registry-store.ts';
import { createWorld, matching, problemFrom } from '../world.ts';

// Larger than the pieces that the fake sends, and different everywhere.
const content = Buffer.concat(
  Array.from({ length: 8_000 }, (_, index) => createHash('sha256').update(String(index)).digest()),
);
const digest = digestOf(content);
const hex = digest.slice('sha256:'.length);

const webArtifact = (of: Buffer = content, name = 'x.gguf'): Artifact => {
  const own = digestOf(of);
  return {
    source: `https://models.example.com/files/${name}#${own.replace(':', '=')}`,
    revision: own,
    weights: own,
    files: [{ path: name, bytes: of.length, digest: own }],
    facts: {},
  };
};

function setUp(wrap: (io: Io) => Io = (io) => io) {
  const registry = createRegistry();
  registry.files.set('x.gguf', content);
  const world = createWorld(registry.http);
  const cacheFolder = join(world.folder, 'cache');
  const staging = join(cacheFolder, 'staging');
  const transfer = createObtain({
    io: wrap(world.io),
    cacheFolder,
    folderOf: () => world.folder,
    routes: world.routes,
  });
  const progress: number[] = [];
  const obtain = (artifact = webArtifact(), signal = world.signal) =>
    transfer.obtain(artifact, artifact.files[0]!, {
      signal,
      onBytes: (bytes) => progress.push(bytes),
    });
  const leavePartial = (bytes: Uint8Array, validator?: string) => {
    mkdirSync(staging, { recursive: true });
    writeFileSync(join(staging, `${hex}.partial`), bytes);
    if (validator !== undefined) writeFileSync(join(staging, `${hex}.validator`), validator);
  };
  const staged = () =>
    existsSync(staging) ? readdirSync(staging).map((name) => name.replace(hex, 'HEX')) : [];
  const ranges = () => registry.requests.map(({ headers }) => headers['range'] ?? 'whole');
  return { registry, world, transfer, obtain, progress, leavePartial, staged, staging, ranges };
}

describe('a file on the web', () => {
  it('arrives verified under its digest, with progress and a count of the bytes', async () => {
    const { obtain, staging, staged, progress } = setUp();
    expect(await obtain()).toEqual({ path: join(staging, hex), downloadedBytes: content.length });
    expect(readFileSync(join(staging, hex))).toEqual(content);
    expect(staged()).toEqual(['HEX']);
    expect(progress.at(-1)).toBe(content.length);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  });

  it('is not asked for again while it is staged', async () => {
    const { obtain, registry, progress } = setUp();
    const first = await obtain();
    expect(await obtain()).toEqual({ ...first, downloadedBytes: 0 });
    expect(registry.requests).toHaveLength(1);
    expect(progress.at(-1)).toBe(content.length);
  });

  it('is fetched again when what is staged is damaged', async () => {
    const { obtain, staging } = setUp();
    mkdirSync(staging, { recursive: true });
    writeFileSync(join(staging, hex), Buffer.alloc(content.length));
    expect((await obtain()).downloadedBytes).toBe(content.length);
    expect(readFileSync(join(staging, hex))).toEqual(content);
  });

  it('goes on from what an earlier run left', async () => {
    const { obtain, leavePartial, ranges, progress } = setUp();
    leavePartial(content.subarray(0, 100_000));
    expect((await obtain()).downloadedBytes).toBe(content.length - 100_000);
    expect(ranges()).toEqual(['bytes=100000-']);
    expect(progress[0]).toBe(100_000);
  });

  it('needs no request when an earlier run left all of it', async () => {
    const { obtain, leavePartial, registry } = setUp();
    leavePartial(content);
    expect((await obtain()).downloadedBytes).toBe(0);
    expect(registry.requests).toEqual([]);
  });

  it('goes on after each cut until it is there', async () => {
    const { obtain, registry, staged } = setUp();
    registry.add({ on: /x\.gguf/, cutAfterBytes: 70_000, times: 3 });
    for (let cut = 0; cut < 3; cut += 1) {
      expect(await problemFrom(obtain())).toMatchObject({ code: 'source/cut', retry: 'later' });
      expect(staged()).toEqual(['HEX.partial', 'HEX.validator']);
    }
    expect((await obtain()).downloadedBytes).toBe(content.length - 3 * 70_000);
    expect(staged()).toEqual(['HEX']);
  });

  it('starts over when the server does not know ranges', async () => {
    const { obtain, registry, leavePartial } = setUp();
    leavePartial(content.subarray(0, 100_000));
    registry.add({ on: /x\.gguf/, ignoresRange: true });
    expect((await obtain()).downloadedBytes).toBe(content.length);
  });

  it('starts over at once when the server has another version of it by now', async () => {
    const { obtain, leavePartial, registry } = setUp();
    leavePartial(Buffer.alloc(100_000), '"of-another-version"');
    expect((await obtain()).downloadedBytes).toBe(content.length);
    expect(registry.requests).toHaveLength(1);
  });

  it('starts over once when what was left turns out to be damaged', async () => {
    const { obtain, leavePartial, ranges } = setUp();
    leavePartial(Buffer.alloc(100_000));
    expect((await obtain()).downloadedBytes).toBe(2 * content.length - 100_000);
    expect(ranges()).toEqual(['bytes=100000-', 'whole']);
  });

  it('starts over when more was left than there can be', async () => {
    const { obtain, leavePartial, ranges } = setUp();
    leavePartial(Buffer.concat([content, content]));
    expect((await obtain()).downloadedBytes).toBe(content.length);
    expect(ranges()).toEqual(['whole']);
  });
});

describe('bytes that are not the locked ones', () => {
  it('are removed, and the difference needs a person', async () => {
    const { obtain, registry, staged } = setUp();
    registry.files.set('x.gguf', Buffer.alloc(content.length));
    expect(await problemFrom(obtain())).toMatchObject({
      code: 'transfer/wrong-digest',
      retry: 'never',
      detail: matching(hex.slice(0, 12)),
    });
    expect(staged()).toEqual([]);
    expect(registry.requests).toHaveLength(1);
  });

  it('are not even read when the length differs, and what was there stays', async () => {
    const { obtain, registry, leavePartial, staged } = setUp();
    leavePartial(content.subarray(0, 1_000));
    registry.add({ on: /x\.gguf/, ignoresRange: true, body: '<html>down for maintenance</html>' });
    expect(await problemFrom(obtain())).toMatchObject({
      code: 'transfer/wrong-size',
      retry: 'never',
    });
    expect(staged()).toEqual(['HEX.partial']);
  });

  it('are cut off when more come than were announced', async () => {
    const { obtain, registry, staged } = setUp();
    const body = Buffer.concat([content, content]);
    registry.add({ on: /x\.gguf/, body, headers: { 'content-length': null } });
    expect(await problemFrom(obtain())).toMatchObject({ code: 'transfer/wrong-size' });
    expect(staged()).toEqual([]);
  });

  it('are kept when fewer come than were announced, to go on from', async () => {
    const { obtain, registry, staged } = setUp();
    const body = content.subarray(0, 5_000);
    registry.add({ on: /x\.gguf/, body, headers: { 'content-length': null } });
    expect(await problemFrom(obtain())).toMatchObject({ code: 'transfer/cut', retry: 'later' });
    expect(staged()).toContain('HEX.partial');
    expect((await obtain()).downloadedBytes).toBe(content.length - 5_000);
  });
});

describe('a disk that fails', () => {
  const failing =
    (code: string, afterBytes: number) =>
    (io: Io): Io => {
      let failed = false;
      const appendStream: Files['appendStream'] = async (path, chunks) => {
        if (failed) return io.files.appendStream(path, chunks);
        failed = true;
        async function* some() {
          let bytes = 0;
          for await (const chunk of chunks) {
            yield chunk;
            bytes += chunk.length;
            if (bytes >= afterBytes) throw Object.assign(new Error(code), { code });
          }
        }
        return io.files.appendStream(path, some());
      };
      return { ...io, files: { ...io.files, appendStream } };
    };

  it.each([
    ['ENOSPC', 'transfer/disk-full', 'later'],
    ['EDQUOT', 'transfer/disk-full', 'later'],
    ['EROFS', 'transfer/access-denied', 'never'],
    ['EIO', 'transfer/disk-error', 'later'],
  ])(
    'with %s is a problem of its own kind, and the next run goes on',
    async (code, problem, retry) => {
      const { obtain, ranges } = setUp(failing(code, 65_536));
      expect(await problemFrom(obtain())).toMatchObject({ code: problem, retry });
      expect((await obtain()).downloadedBytes).toBe(content.length - 65_536);
      expect(ranges()).toEqual(['whole', 'bytes=65536-']);
    },
  );
});

describe('several at once', () => {
  it('fetch the same digest once, and all see how far it is', async () => {
    const { transfer, registry, world } = setUp();
    const artifact = webArtifact();
    const seen = [0, 0, 0];
    const results = await Promise.all(
      seen.map((_, index) =>
        transfer.obtain(artifact, artifact.files[0]!, {
          signal: world.signal,
          onBytes: (bytes) => (seen[index] = bytes),
        }),
      ),
    );
    expect(registry.requests).toHaveLength(1);
    expect(results.map((result) => result.downloadedBytes)).toEqual([content.length, 0, 0]);
    expect(seen).toEqual([content.length, content.length, content.length]);
  });

  it('fetch different digests beside each other', async () => {
    const { obtain, registry } = setUp();
    const other = Buffer.from('other');
    registry.files.set('y.gguf', other);
    const [first, second] = await Promise.all([obtain(), obtain(webArtifact(other, 'y.gguf'))]);
    expect([first?.downloadedBytes, second?.downloadedBytes]).toEqual([
      content.length,
      other.length,
    ]);
  });

  it('fail together and may try again', async () => {
    const { obtain, registry } = setUp();
    registry.add({ on: /x\.gguf/, cutAfterBytes: 10 });
    const problems = await Promise.all([problemFrom(obtain()), problemFrom(obtain())]);
    expect(problems.map(({ code }) => code)).toEqual(['source/cut', 'source/cut']);
    expect((await obtain()).downloadedBytes).toBe(content.length - 10);
  });
});

describe('an abort', () => {
  const paused = (registry: ReturnType<typeof createRegistry>) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    registry.add({ on: /x\.gguf/, pauseAfterBytes: 50_000, pauseUntil: promise });
    return resolve;
  };

  it('keeps what has arrived', async () => {
    const { obtain, registry, progress, staged } = setUp();
    paused(registry);
    const controller = new AbortController();
    const work = obtain(webArtifact(), controller.signal);
    await expect.poll(() => progress.at(-1)).toBe(50_000);
    controller.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    expect(staged()).toContain('HEX.partial');
    expect((await obtain()).downloadedBytes).toBe(content.length - 50_000);
  });

  it('of one leaves the others theirs', async () => {
    const { obtain, registry, progress } = setUp();
    const go = paused(registry);
    const controller = new AbortController();
    const leaving = obtain(webArtifact(), controller.signal);
    const staying = obtain();
    await expect.poll(() => progress.at(-1)).toBe(50_000);
    controller.abort(new Error('enough'));
    await expect(leaving).rejects.toThrow('enough');
    go();
    expect((await staying).path).toContain(hex);
    expect(registry.requests).toHaveLength(1);
  });

  it('beforehand asks for nothing', async () => {
    const { obtain, registry } = setUp();
    await expect(obtain(webArtifact(), AbortSignal.abort(new Error('enough')))).rejects.toThrow(
      'enough',
    );
    expect(registry.requests).toEqual([]);
  });

  it('and a new wish at the same moment do not write to one file at a time', async () => {
    const { obtain, registry, progress } = setUp();
    paused(registry);
    const controller = new AbortController();
    const leaving = obtain(webArtifact(), controller.signal);
    await expect.poll(() => progress.at(-1)).toBe(50_000);
    controller.abort(new Error('enough'));
    const again = obtain();
    await expect(leaving).rejects.toThrow('enough');
    expect((await again).downloadedBytes).toBe(content.length - 50_000);
  });
});

describe('sweeping', () => {
  it('removes what no open work needs, and nothing that is not ours', async () => {
    const { transfer, obtain, staging, staged } = setUp();
    await obtain();
    const other = 'b'.repeat(64);
    for (const name of [other, `${other}.partial`, `${other}.validator`, 'notes.txt']) {
      writeFileSync(join(staging, name), 'x');
    }
    await transfer.sweep(new Set([digest]));
    expect(staged()).toEqual(['HEX', 'notes.txt']);
    await transfer.sweep(new Set());
    expect(staged()).toEqual(['notes.txt']);
  });

  it('of a cache that was never used does nothing', async () => {
    const { transfer, staging } = setUp();
    await transfer.sweep(new Set());
    expect(existsSync(staging)).toBe(false);
  });
});
