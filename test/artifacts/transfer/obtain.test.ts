import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { UnfinishedTransfer } from '../../../src/core/transfer.ts';
import type { Io } from '../../../src/io/io.ts';
import { matching, problemFrom } from '../world.ts';
import { content, digest, hex, setUp } from './transfer-world.ts';

const inNoTime = (io: Io): Io => ({ ...io, clock: { ...io.clock, sleep: async () => undefined } });

describe('a file on the web', () => {
  it('arrives verified under its digest, with progress and a count of the bytes', async () => {
    const { obtain, staging, staged, progress } = setUp();
    expect(await obtain()).toEqual({
      path: join(staging, hex),
      downloadedBytes: content.length,
      isUnchanging: true,
      isTemporary: true,
    });
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

  it('is nobody’s unfinished work once it is staged, wherever the run that did that ended', async () => {
    const { obtain, registry, staged, leavePartial, staging, journal } = setUp();
    await leavePartial(content, { process: null });
    renameSync(join(staging, `${hex}.partial`), join(staging, hex));
    await obtain();
    expect(registry.requests).toEqual([]);
    expect(staged()).toEqual(['HEX']);
    expect(journal.transfers.size).toBe(0);
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
    await leavePartial(content.subarray(0, 100_000));
    expect((await obtain()).downloadedBytes).toBe(content.length - 100_000);
    expect(ranges()).toEqual(['bytes=100000-']);
    expect(progress[0]).toBe(100_000);
  });

  it('fetches what is missing in the middle, and nothing else', async () => {
    const { obtain, leavePartial, ranges, staging } = setUp();
    const holed = Buffer.from(content);
    holed.fill(0, 50_000, 60_000);
    await leavePartial(holed, {
      written: [
        [0, 50_000],
        [60_000, content.length],
      ],
    });
    expect((await obtain()).downloadedBytes).toBe(10_000);
    expect(ranges()).toEqual(['bytes=50000-59999']);
    expect(readFileSync(join(staging, hex))).toEqual(content);
  });

  it('needs no request when an earlier run left all of it', async () => {
    const { obtain, leavePartial, registry } = setUp();
    await leavePartial(content);
    expect((await obtain()).downloadedBytes).toBe(0);
    expect(registry.requests).toEqual([]);
  });

  it('relies after a restart of the machine on what was on the disk itself', async () => {
    const { obtain, leavePartial, ranges } = setUp();
    await leavePartial(content.subarray(0, 100_000), {
      boot: 'an earlier one',
      durable: [[0, 40_000]],
    });
    expect((await obtain()).downloadedBytes).toBe(content.length - 40_000);
    expect(ranges()).toEqual(['bytes=40000-']);
  });

  it.each<[string, Partial<UnfinishedTransfer> | null]>([
    ['has no record', null],
    ['is shorter than its record', { written: [[0, 200_000]] }],
    ['is of a file with another length', { bytes: content.length + 1 }],
  ])('starts over when what was left %s', async (_title, more) => {
    const { obtain, leavePartial, ranges, journal } = setUp();
    await leavePartial(content.subarray(0, 100_000), more ?? {});
    if (more === null) journal.transfers.clear();
    expect((await obtain()).downloadedBytes).toBe(content.length);
    expect(ranges()).toEqual(['whole']);
  });

  it('goes on after each cut until it is there', async () => {
    const { obtain, registry, staged, journal } = setUp();
    registry.add({ on: /x\.gguf/, cutAfterBytes: 70_000, times: 3 });
    expect((await obtain()).downloadedBytes).toBe(content.length);
    expect(registry.requests).toHaveLength(4);
    expect(staged()).toEqual(['HEX']);
    expect(journal.transfers.size).toBe(0);
  });

  it('is given up when nothing comes any more, and kept to go on from', async () => {
    const { obtain, registry, staged, journal } = setUp(inNoTime);
    registry.add({ on: /x\.gguf/, cutAfterBytes: 70_000 });
    registry.add({ on: /x\.gguf/, refusesConnection: true, times: 5 });
    expect(await problemFrom(obtain())).toMatchObject({
      code: 'source/unreachable',
      retry: 'later',
    });
    expect(staged()).toEqual(['HEX.partial']);
    expect(journal.transfers.get(digest)).toMatchObject({ written: [[0, 70_000]], process: null });
    expect((await obtain()).downloadedBytes).toBe(content.length - 70_000);
  });

  it('starts over when the server does not know ranges', async () => {
    const { obtain, registry, leavePartial } = setUp();
    await leavePartial(content.subarray(0, 100_000));
    registry.add({ on: /x\.gguf/, ignoresRange: true });
    expect((await obtain()).downloadedBytes).toBe(content.length);
  });

  it('starts over at once when the server has another version of it by now', async () => {
    const { obtain, leavePartial } = setUp();
    await leavePartial(Buffer.alloc(100_000), {
      validator: 'https://models.example.com "of-another-version"',
    });
    expect((await obtain()).downloadedBytes).toBe(content.length);
  });

  it.each([
    ['another server', 'https://mirror.example.com "its-own-name-for-it"'],
    ['nobody knows which server', '"a-name"'],
  ])('goes on when the version was named by %s', async (_who, validator) => {
    const { obtain, leavePartial, ranges, registry } = setUp();
    await leavePartial(content.subarray(0, 100_000), { validator });
    expect((await obtain()).downloadedBytes).toBe(content.length - 100_000);
    expect(ranges()).toEqual(['bytes=100000-']);
    expect(registry.requests[0]?.headers).not.toHaveProperty('if-range');
  });

  it('starts over once when another server had other bytes', async () => {
    const { obtain, leavePartial, ranges } = setUp();
    await leavePartial(Buffer.alloc(100_000), { validator: 'https://mirror.example.com "x"' });
    expect((await obtain()).downloadedBytes).toBe(2 * content.length - 100_000);
    expect(ranges()).toEqual(['bytes=100000-', 'whole']);
  });

  it('starts over once when what was left turns out to be damaged', async () => {
    const { obtain, leavePartial, ranges } = setUp();
    await leavePartial(Buffer.alloc(100_000));
    expect((await obtain()).downloadedBytes).toBe(2 * content.length - 100_000);
    expect(ranges()).toEqual(['bytes=100000-', 'whole']);
  });

  it('leaves checksums of its chunks, by which a damage can be located later', async () => {
    const { obtain, journal } = setUp();
    await obtain();
    expect(journal.checksums.get(digest)).toEqual({
      bytes: content.length,
      chunkBytes: 16 * 1024 * 1024,
      chunks: [crc32(content)],
    });
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
    await leavePartial(content.subarray(0, 1_000));
    registry.add({ on: /x\.gguf/, ignoresRange: true, body: '<html>down for maintenance</html>' });
    expect(await problemFrom(obtain())).toMatchObject({
      code: 'transfer/wrong-size',
      retry: 'never',
    });
    expect(staged()).toEqual(['HEX.partial']);
  });

  it('are not taken beyond the locked length', async () => {
    const { obtain, registry, staged } = setUp();
    const body = Buffer.concat([Buffer.alloc(content.length), content]);
    registry.add({ on: /x\.gguf/, body, headers: { 'content-length': null } });
    expect(await problemFrom(obtain())).toMatchObject({ code: 'transfer/wrong-digest' });
    expect(staged()).toEqual([]);
  });

  it('are gone on with when fewer come than were announced', async () => {
    const { obtain, registry, ranges } = setUp();
    const body = content.subarray(0, 5_000);
    registry.add({ on: /x\.gguf/, body, headers: { 'content-length': null } });
    expect((await obtain()).downloadedBytes).toBe(content.length);
    expect(ranges()).toEqual(['whole', 'bytes=5000-']);
  });
});

describe('a disk that fails', () => {
  const failing =
    (code: string) =>
    (io: Io): Io => {
      let failed = false;
      const assemble: Io['files']['assemble'] = async (path, options) => {
        const assembly = await io.files.assemble(path, options);
        if (failed) return assembly;
        failed = true;
        const part: typeof assembly.part = (start) => {
          const inner = assembly.part(start);
          let bytes = 0;
          return {
            ...inner,
            write: (piece) => {
              bytes += piece.length;
              if (bytes > 65_536) throw Object.assign(new Error(code), { code });
              return inner.write(piece);
            },
          };
        };
        return { ...assembly, part };
      };
      return { ...io, files: { ...io.files, assemble } };
    };

  it.each([
    ['ENOSPC', 'transfer/disk-full', 'later'],
    ['EDQUOT', 'transfer/disk-full', 'later'],
    ['EROFS', 'transfer/access-denied', 'never'],
    ['EIO', 'transfer/disk-error', 'later'],
  ])(
    'with %s is a problem of its own kind, and the next run goes on',
    async (code, problem, retry) => {
      const { obtain, ranges } = setUp(failing(code));
      expect(await problemFrom(obtain())).toMatchObject({ code: problem, retry });
      const left = (await obtain()).downloadedBytes;
      expect(left).toBeLessThan(content.length);
      expect(ranges()).toEqual(['whole', `bytes=${content.length - left}-`]);
    },
  );
});

describe('a staging file that cannot be opened', () => {
  it('is a problem that names what is in the way, and the next run goes on', async () => {
    const { obtain, staging, staged, journal } = setUp();
    const inTheWay = join(staging, `${hex}.partial`);
    mkdirSync(inTheWay, { recursive: true });
    expect(await problemFrom(obtain())).toMatchObject({
      code: 'transfer/occupied',
      detail: matching(inTheWay),
      retry: 'never',
    });
    rmdirSync(inTheWay);
    expect((await obtain()).downloadedBytes).toBe(content.length);
    expect(staged()).toEqual(['HEX']);
    expect(journal.transfers.size).toBe(0);
  });

  it('is the same when that comes in the way while the server is asked', async () => {
    let isInTheWay = true;
    const { obtain, staging, registry, journal } = setUp((io) => ({
      ...io,
      files: {
        ...io.files,
        assemble: (path, options) => {
          // Somebody puts it there after the look, and takes it away later.
          if (isInTheWay) mkdirSync(path, { recursive: true });
          return io.files.assemble(path, options);
        },
      },
    }));
    const until = new Promise((resolve) => setTimeout(resolve, 50));
    registry.add({ on: /x\.gguf/, pauseAfterBytes: 0, pauseUntil: until });
    const inTheWay = join(staging, `${hex}.partial`);
    expect(await problemFrom(obtain())).toMatchObject({
      code: 'transfer/occupied',
      detail: matching(inTheWay),
    });
    expect(journal.transfers.get(digest)).toMatchObject({ written: [], process: null });
    isInTheWay = false;
    rmdirSync(inTheWay);
    expect((await obtain()).downloadedBytes).toBe(content.length);
  });

  it.each([
    ['EACCES', 'transfer/access-denied'],
    ['EMFILE', 'transfer/disk-error'],
  ])('with %s fails as that, whoever waits for it', async (code, problem) => {
    const refusing = (io: Io): Io => {
      const refused = () => Promise.reject(Object.assign(new Error(code), { code }));
      return { ...io, files: { ...io.files, assemble: refused } };
    };
    const { obtain, journal } = setUp(refusing);
    expect(await problemFrom(obtain())).toMatchObject({ code: problem });
    expect(journal.transfers.get(digest)).toMatchObject({ process: null });
  });
});

describe('sweeping', () => {
  it('removes what no open work needs, and nothing that is not ours or may be gone on with', async () => {
    const { transfer, obtain, staging, staged, leavePartial, world, journal } = setUp();
    await obtain();
    const other = 'b'.repeat(64);
    for (const name of [other, `${other}.partial`, 'notes.txt']) {
      writeFileSync(join(staging, name), 'x');
    }
    await transfer.sweep(new Set([digest]));
    expect(staged()).toEqual(['HEX', 'notes.txt']);
    await leavePartial(content.subarray(0, 10), { updatedAt: world.io.clock.now() });
    await transfer.sweep(new Set());
    expect(staged()).toEqual(['HEX.partial', 'notes.txt']);
    await leavePartial(content.subarray(0, 10), { updatedAt: 0 });
    await transfer.sweep(new Set());
    expect(staged()).toEqual(['notes.txt']);
    expect(journal.transfers.size).toBe(0);
  });

  it('of a cache that was never used does nothing', async () => {
    const { transfer, staging } = setUp();
    await transfer.sweep(new Set());
    expect(existsSync(staging)).toBe(false);
  });
});
