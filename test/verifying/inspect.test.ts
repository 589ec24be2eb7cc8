import { describe, expect, it } from 'vitest';
import { digestOf } from '../fakes/registry-store.ts';
import { bytesOf, chunkBytes, path, setUp } from './damaged-files.ts';

const right = bytesOf(3 * chunkBytes + 100);
const other = bytesOf(2 * chunkBytes, 'other');
const damagedAt = (at: number, piece: Uint8Array): Buffer => {
  const bytes = Buffer.from(right);
  bytes.set(piece, at);
  return bytes;
};

describe('looking at a file', () => {
  it('finds it right, and says how it looked and what its chunks are', async () => {
    const world = setUp({ right, hasChecksums: false });
    world.io.files.put(path, right);
    const [seen] = await world.look();
    expect(seen?.verdict).toEqual({ status: 'intact', hashed: true });
    expect(seen?.seen).toMatchObject({ path, bytes: right.length, digest: digestOf(right) });
    expect(seen?.checksums?.chunks).toHaveLength(1);
  });

  it.each([
    ['missing', null, [[0, right.length]]],
    ['truncated', right.subarray(0, chunkBytes + 5), [[chunkBytes, right.length]]],
    ['truncated', Buffer.alloc(0), [[0, right.length]]],
    ['zeroed', damagedAt(chunkBytes, Buffer.alloc(4096)), [[chunkBytes, 2 * chunkBytes]]],
    ['changed', damagedAt(0, Buffer.alloc(100)), [[0, chunkBytes]]],
    ['changed', damagedAt(3 * chunkBytes + 99, Buffer.of(1)), [[3 * chunkBytes, right.length]]],
    ['changed', Buffer.concat([right, Buffer.of(1)]), [[3 * chunkBytes, right.length]]],
    ['swapped', other, [[0, right.length]]],
  ])('tells that it is %s, and where', async (damage, bytes, spans) => {
    const known = new Map([[digestOf(other), 'y.gguf of Model/other']]);
    const world = setUp({ right, known });
    if (bytes !== null) world.io.files.put(path, bytes);
    const [seen] = await world.look();
    expect(seen?.verdict).toMatchObject({ status: 'damaged', damage, spans });
    expect(seen?.seen).toBeNull();
  });

  it('does not claim to know where, without checksums', async () => {
    const world = setUp({ right, hasChecksums: false });
    world.io.files.put(path, damagedAt(chunkBytes, Buffer.alloc(2 * chunkBytes)));
    const [seen] = await world.look();
    expect(seen?.verdict).toMatchObject({ status: 'damaged', damage: 'zeroed', spans: null });
  });

  it('tells a disk that fails from a door that is closed', async () => {
    const world = setUp({ right });
    const failing = (code: string) => ({
      ...world.io.files,
      digest: () => Promise.reject(Object.assign(new Error(code), { code })),
    });
    world.io.files.put(path, right);
    Object.assign(world.io.files, failing('EIO'));
    expect((await world.look())[0]?.verdict).toMatchObject({
      status: 'damaged',
      damage: 'unreadable',
    });
    Object.assign(world.io.files, failing('EACCES'));
    expect((await world.look())[0]?.verdict).toMatchObject({
      status: 'unchecked',
      problem: { code: 'transfer/access-denied' },
    });
  });

  it('takes what stands for a folder in its place for no file', async () => {
    const world = setUp({ right });
    world.io.files.put(`${path}/inside`, 'x');
    expect((await world.look())[0]?.verdict).toMatchObject({
      status: 'unchecked',
      problem: { code: 'verify/no-file' },
    });
  });

  it('tells of a file that changes each time it is read', async () => {
    const world = setUp({ right });
    world.io.files.put(path, right);
    const { digest } = world.io.files;
    Object.assign(world.io.files, {
      digest: async (...given: Parameters<typeof digest>) => {
        const found = await digest(...given);
        world.io.files.put(path, right);
        return found;
      },
    });
    expect((await world.look())[0]?.verdict).toMatchObject({
      status: 'unchecked',
      problem: { code: 'verify/changing' },
    });
  });

  it('hashes a file of two names once', async () => {
    const world = setUp({ right });
    world.io.files.put(path, right);
    await world.io.files.link(path, '/elsewhere/file');
    let reads = 0;
    const { digest } = world.io.files;
    Object.assign(world.io.files, {
      digest: (...given: Parameters<typeof digest>) => {
        reads += 1;
        return digest(...given);
      },
    });
    const seen = await world.look([world.stored(), world.stored('/elsewhere/file')]);
    expect(seen.map(({ verdict }) => verdict.status)).toEqual(['intact', 'intact']);
    expect(reads).toBe(1);
  });

  it('hashes it again when it was written to since, under whichever name', async () => {
    const world = setUp({ right });
    world.io.files.put(path, right);
    await world.io.files.link(path, '/elsewhere/file');
    const { entry, digest } = world.io.files;
    // Both names have been looked at, and the first was read, when somebody writes in place.
    let looks = 0;
    let reads = 0;
    Object.assign(world.io.files, {
      entry: async (at: string) => {
        const found = await entry(at);
        looks += 1;
        return found === null || looks <= 3
          ? found
          : { ...found, modifiedAt: found.modifiedAt + 1 };
      },
      digest: async (...given: Parameters<typeof digest>) => {
        reads += 1;
        const found = await digest(...given);
        return reads === 1 ? found : { ...found, digest: digestOf(other) };
      },
    });
    const seen = await world.look([world.stored(), world.stored('/elsewhere/file')]);
    expect(seen.map(({ verdict }) => verdict.status)).toEqual(['intact', 'damaged']);
  });
});

describe('a quick look', () => {
  it('believes a file that looks as before, and no other', async () => {
    const world = setUp({ right });
    world.io.files.put(path, right);
    const [first] = await world.look([world.stored()], true);
    expect(first?.verdict).toEqual({ status: 'intact', hashed: true });
    if (first?.seen) world.memo.set(path, first.seen);
    const [second] = await world.look([world.stored()], true);
    expect(second?.verdict).toEqual({ status: 'intact', hashed: false });
    world.io.files.put(path, damagedAt(0, Buffer.alloc(4096)));
    const [third] = await world.look([world.stored()], true);
    expect(third?.verdict).toMatchObject({ status: 'damaged' });
  });

  it('believes nothing that was right for other bytes', async () => {
    const world = setUp({ right });
    world.io.files.put(path, right);
    const [first] = await world.look();
    if (first?.seen) world.memo.set(path, { ...first.seen, digest: digestOf(other) });
    expect((await world.look([world.stored()], true))[0]?.verdict).toEqual({
      status: 'intact',
      hashed: true,
    });
  });
});
