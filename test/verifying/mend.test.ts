import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { addSpan, type Spans, spanBytes } from '../../src/core/span.ts';
import { bytesOf, chunkBytes, path, setUp } from './damaged-files.ts';

const right = bytesOf(5 * chunkBytes + 77);
const chunks = Math.ceil(right.length / chunkBytes);
const wrongAt = (at: number): Buffer => {
  const bytes = Buffer.from(right);
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  return bytes;
};

describe('mending a file', () => {
  it('finds any damage, and brings the bytes back by fetching the damaged chunks alone', async () => {
    const damage = fc.uniqueArray(
      fc.record({
        chunk: fc.nat({ max: chunks - 1 }),
        offset: fc.nat({ max: chunkBytes - 1 }),
        length: fc.integer({ min: 1, max: chunkBytes }),
        zeros: fc.boolean(),
      }),
      { selector: ({ chunk }) => chunk, minLength: 1, maxLength: chunks },
    );
    await fc.assert(
      fc.asyncProperty(damage, fc.option(fc.nat({ max: right.length - 1 })), async (holes, cut) => {
        const bytes = Buffer.from(right);
        let spans: Spans = [];
        for (const { chunk, offset, length, zeros } of holes) {
          const start = chunk * chunkBytes;
          const end = Math.min(start + chunkBytes, right.length);
          const from = Math.min(start + offset, end - 1);
          for (let at = from; at < Math.min(from + length, end); at += 1) {
            // Never what was there: all of these bytes are wrong.
            bytes[at] = zeros && bytes[at] !== 0 ? 0 : (bytes[at] ?? 0) ^ 0xff;
          }
          spans = addSpan(spans, [start, end]);
        }
        if (cut !== null) {
          const start = Math.floor(cut / chunkBytes) * chunkBytes;
          spans = addSpan(spans, [start, right.length]);
        }
        const world = setUp({ right });
        world.io.files.put(path, cut === null ? bytes : bytes.subarray(0, cut));
        const seen = await world.look();
        expect(seen[0]?.verdict).toMatchObject({ status: 'damaged', spans });
        const { mended, downloadedBytes } = await world.repair(seen);
        expect(mended).toMatchObject([{ problem: null, seen: { path, bytes: right.length } }]);
        expect(await world.bytesAt(path)).toEqual(right);
        expect(downloadedBytes).toBe(spanBytes(spans));
        expect(world.fetched()).toBe(spanBytes(spans));
        expect((await world.look())[0]?.verdict.status).toBe('intact');
      }),
      { numRuns: 150 },
    );
  });

  it('takes all of it anew where it is not known what is right', async () => {
    const world = setUp({ right, hasChecksums: false });
    world.io.files.put(path, wrongAt(1));
    expect((await world.repair(await world.look())).downloadedBytes).toBe(right.length);
    expect((await world.look())[0]?.verdict.status).toBe('intact');
  });

  it('takes all of it anew where the checksums are those of other bytes', async () => {
    const world = setUp({ right });
    world.io.files.put(path, wrongAt(1));
    const [seen] = await world.look();
    if (seen?.verdict.status !== 'damaged') throw new Error('it is damaged');
    // As if the damage were in the last chunk.
    const verdict = { ...seen.verdict, spans: [[5 * chunkBytes, right.length]] as const };
    const { downloadedBytes } = await world.repair([{ ...seen, verdict }]);
    expect(downloadedBytes).toBe(77 + right.length);
    expect((await world.look())[0]?.verdict.status).toBe('intact');
  });

  it('replaces each name of one inode, and writes into none', async () => {
    const world = setUp({ right });
    const wrong = wrongAt(1);
    world.io.files.put(path, wrong);
    for (const name of ['/other/file', '/reader/open']) await world.io.files.link(path, name);
    const files = [world.stored(), world.stored('/other/file')];
    await world.repair(await world.look(files));
    expect((await world.look(files)).map(({ verdict }) => verdict.status)).toEqual([
      'intact',
      'intact',
    ]);
    // Whoever has the old file open goes on reading that.
    expect(await world.bytesAt('/reader/open')).toEqual(wrong);
  });

  it('gives a file of another program the rights that it had, and bytes of its own', async () => {
    const world = setUp({ right });
    world.io.files.put(path, wrongAt(1));
    const [seen] = await world.look([world.stored(path, { mayShare: false })]);
    if (seen === undefined) throw new Error('it was looked at');
    const give = vi.spyOn(world.io.files, 'giveLike');
    await world.repair([seen]);
    expect(give).toHaveBeenCalledWith(expect.stringMatching(/\.tmp$/), 0o644, '/store/blobs');
    expect(await world.io.files.entry(path)).toMatchObject({ names: 1, mode: 0o644 });
  });

  it('leaves what may not be replaced, and says so', async () => {
    const world = setUp({ right });
    const wrong = wrongAt(1);
    world.io.files.put(path, wrong);
    world.io.files.setAccess('/store/blobs', 'read');
    const { mended } = await world.repair(await world.look());
    expect(mended).toMatchObject([{ problem: { code: 'repair/needs-privilege' } }]);
    expect(await world.bytesAt(path)).toEqual(wrong);
    expect(world.registry.requests).toHaveLength(0);
  });

  it('does not begin where there is no room for a whole file', async () => {
    const world = setUp({ right });
    world.io.files.put(path, wrongAt(1));
    world.io.files.setSpace({ freeBytes: 10, totalBytes: 20 });
    const { mended } = await world.repair(await world.look());
    expect(mended).toMatchObject([{ problem: { code: 'repair/does-not-fit' } }]);
  });

  it('leaves the damaged file when the source has other bytes', async () => {
    const world = setUp({ right, hasChecksums: false });
    const wrong = wrongAt(1);
    world.io.files.put(path, wrong);
    world.registry.files.set('x.gguf', bytesOf(right.length, 'moved'));
    const { mended } = await world.repair(await world.look());
    expect(mended).toMatchObject([{ problem: { code: 'transfer/wrong-digest' } }]);
    expect(await world.bytesAt(path)).toEqual(wrong);
  });

  it('says that no source serves what an engine made', async () => {
    const world = setUp({ right });
    world.io.files.put(path, wrongAt(1));
    const { mended } = await world.repair(await world.look([world.stored(path, { origin: null })]));
    expect(mended).toMatchObject([{ problem: { code: 'repair/no-source' } }]);
  });

  it('comes to the same end after a crash at any effect', async () => {
    for (let at = 1, isOver = false; !isOver; at += 1) {
      const world = setUp({ right });
      world.io.files.put(path, wrongAt(2 * chunkBytes));
      const seen = await world.look();
      let lives = at;
      const dead = (): void => {
        lives -= 1;
        if (lives <= 0) throw new Error('killed');
      };
      world.io.effects.watch(dead);
      isOver = await world.repair(seen).then(
        () => true,
        () => false,
      );
      world.io.effects.watch(null);
      const status = (await world.look())[0]?.verdict.status;
      expect(isOver ? status : ['intact', 'damaged'].includes(status ?? '')).toBe(
        isOver ? 'intact' : true,
      );
      const again = (await world.look()).filter(({ verdict }) => verdict.status === 'damaged');
      if (again.length > 0) await world.repair(again);
      expect((await world.look())[0]?.verdict.status).toBe('intact');
      const left = world.io.files.paths().filter((one) => one.endsWith('.tmp'));
      expect(world.drafts.all()).toEqual(expect.arrayContaining(left));
      // What came before the crash is not fetched again.
      expect(world.fetched()).toBeLessThanOrEqual(2 * chunkBytes);
    }
  });
});
