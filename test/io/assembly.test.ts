// Files put together from parts: the contract that the real disk and the simulated one share, and
// what only the real one has, a thread of its own with little memory.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addSpan, type Spans, spanBytes } from '../../src/core/span.ts';
import type { Files } from '../../src/io/io.ts';
import { createNodeIo } from '../../src/io/node.ts';
import { createFakeIo } from '../fakes/io.ts';

const chunkBytes = 1024 * 1024;
const content = randomBytes(3 * chunkBytes + 12_345);
const digestOf = (bytes: Uint8Array) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const sumsOf = (bytes: Uint8Array) =>
  Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, at) =>
    crc32(bytes.subarray(at * chunkBytes, (at + 1) * chunkBytes)),
  );

function onDisk(): { readonly files: Files; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'modelctl-assembly-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { files: createNodeIo().files, folder };
}

const inMemory = () => ({ files: createFakeIo().files, folder: '/home/user' });

async function fill(
  files: Files,
  path: string,
  bytes: Uint8Array,
  { present = [], parts }: { readonly present?: Spans; readonly parts: Spans },
) {
  let written: Spans = present;
  const assembly = await files.assemble(path, {
    bytes: bytes.length,
    chunkBytes,
    present,
    onWritten: (span) => {
      written = addSpan(written, span);
    },
  });
  const one = async ([start, end]: readonly [number, number]): Promise<void> => {
    const part = assembly.part(start);
    for (let at = start; at < end; at += 60_000) {
      const room = part.write(bytes.subarray(at, Math.min(at + 60_000, end)));
      if (room !== undefined) await room;
    }
    await part.end();
  };
  try {
    await Promise.all(parts.map(one));
    await assembly.sync();
    expect(spanBytes(written)).toBe(bytes.length);
    return await assembly.finish();
  } finally {
    await assembly.close();
  }
}

const whole = { digest: digestOf(content), chunks: sumsOf(content) };

describe.each([
  ['a disk', onDisk],
  ['a simulated disk', inMemory],
])('on %s', (_title, setUp) => {
  it.each<[string, Spans]>([
    ['in order', [[0, content.length]]],
    [
      'from the end to the start',
      [
        [2_000_000, content.length],
        [999_999, 2_000_000],
        [0, 999_999],
      ],
    ],
  ])('what arrives %s is put together and hashed', async (_order, parts) => {
    const { files, folder } = setUp();
    const path = join(folder, 'deep', 'a.bin');
    expect(await fill(files, path, content, { parts })).toEqual(whole);
    expect(content.equals(await files.readBytes(path, content.length))).toBe(true);
  });

  it('what was there before is kept and hashed with the rest', async () => {
    const { files, folder } = setUp();
    const path = join(folder, 'a.bin');
    await files.writeAtomic(path, content.subarray(0, 1_500_000));
    const rest: Spans = [[1_500_000, content.length]];
    expect(await fill(files, path, content, { present: [[0, 1_500_000]], parts: rest })).toEqual(
      whole,
    );
  });

  it('a file of no bytes is one too', async () => {
    const { files, folder } = setUp();
    const none = new Uint8Array();
    expect(await fill(files, join(folder, 'none'), none, { parts: [] })).toEqual({
      digest: digestOf(none),
      chunks: [],
    });
  });

  it('a file that is there is hashed as it is', async () => {
    const { files, folder } = setUp();
    const path = join(folder, 'a.bin');
    await files.writeAtomic(path, content);
    const seen: number[] = [];
    const options = { bytes: content.length, chunkBytes };
    expect(await files.digest(path, { ...options, onHashed: (n) => seen.push(n) })).toEqual(whole);
    expect(seen.at(-1)).toBe(content.length);
    await expect(files.digest(join(folder, 'none'), options)).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});

describe('the thread that writes', () => {
  it('goes through its memory many times over, for several files at once', async () => {
    const { files, folder } = onDisk();
    const large = randomBytes(40 * 1024 * 1024);
    const halves: Spans = [
      [0, 20_000_000],
      [20_000_000, large.length],
    ];
    const done = await Promise.all(
      ['a', 'b'].map((name) => fill(files, join(folder, name), large, { parts: halves })),
    );
    expect(done.map(({ digest }) => digest)).toEqual([digestOf(large), digestOf(large)]);
    expect(readFileSync(join(folder, 'b')).equals(large)).toBe(true);
  });

  it('goes on with what was prepared', async () => {
    const { files, folder } = onDisk();
    files.prepareToAssemble?.();
    const path = join(folder, 'a.bin');
    expect(await fill(files, path, content, { parts: [[0, content.length]] })).toEqual(whole);
  });

  it('keeps no process that prepared and assembles nothing', () => {
    const io = new URL('../../src/io/node.ts', import.meta.url).href;
    const program = `(await import('${io}')).createNodeIo().files.prepareToAssemble()`;
    const words = ['--input-type=module', '-e', program];
    expect(spawnSync(process.execPath, words, { timeout: 20_000 }).status).toBe(0);
  });

  it('says why a file cannot be opened', async () => {
    const { files, folder } = onDisk();
    mkdirSync(join(folder, 'taken'));
    const options = { bytes: 10, chunkBytes, present: [], onWritten: () => undefined };
    await expect(files.assemble(join(folder, 'taken'), options)).rejects.toMatchObject({
      code: 'EISDIR',
    });
  });

  it('does not keep the process when a file cannot be opened', async () => {
    const { folder } = onDisk();
    const program = fileURLToPath(new URL('./assembly-refused.ts', import.meta.url));
    const child = spawn(process.execPath, [program, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(said).toBe('EISDIR\n');
  });

  it('ends the work when a file became shorter under it', async () => {
    const { files, folder } = onDisk();
    const path = join(folder, 'a.bin');
    writeFileSync(path, 'short');
    const options = { bytes: 100, chunkBytes };
    await expect(files.digest(path, options)).rejects.toMatchObject({ code: 'EIO' });
  });

  it('lets go of a file that is given up, and goes on with others', async () => {
    const { files, folder } = onDisk();
    const path = join(folder, 'a.bin');
    const assembly = await files.assemble(path, {
      bytes: content.length,
      chunkBytes,
      present: [],
      onWritten: () => undefined,
    });
    const part = assembly.part(0);
    await part.write(content.subarray(0, 1_000));
    await part.end();
    await assembly.close();
    expect(readFileSync(path)).toEqual(content.subarray(0, 1_000));
    expect(await fill(files, path, content, { parts: [[0, content.length]] })).toEqual(whole);
  });

  it('stops hashing when that is not wanted any more', async () => {
    const { files, folder } = onDisk();
    const path = join(folder, 'a.bin');
    writeFileSync(path, content);
    const controller = new AbortController();
    const work = files.digest(path, {
      bytes: content.length,
      chunkBytes,
      signal: controller.signal,
    });
    controller.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
  });
});
