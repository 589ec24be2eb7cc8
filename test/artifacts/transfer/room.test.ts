// Room for all that a run fetches is counted before the first byte comes.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withoutRoom } from '../../../src/artifacts/transfer/room.ts';
import { problemFrom } from '../world.ts';
import { content, setUp } from './transfer-world.ts';

const gb = 1e9;

it('is given out in the order of the plan', () => {
  const coming = [
    { id: 'a', bytes: 6 * gb },
    { id: 'b', bytes: 5 * gb },
    { id: 'c', bytes: 3 * gb },
  ];
  const space = { freeBytes: 10 * gb, totalBytes: 100 * gb };
  expect([...withoutRoom(coming, space)]).toEqual([['b', 1 * gb]]);
});

it('is never given out twice, and refused only where it lacks', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000)), fc.nat(3_000), (sizes, freeBytes) => {
      const coming = sizes.map((bytes, at) => ({ id: String(at), bytes }));
      const lacking = withoutRoom(coming, { freeBytes, totalBytes: 10_000 });
      const given = coming.filter(({ id }) => !lacking.has(id));
      const total = given.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(total).toBeLessThanOrEqual(freeBytes);
      expect([...lacking.values()].every((bytes) => bytes > 0)).toBe(true);
      if (coming.reduce((sum, { bytes }) => sum + bytes, 0) <= freeBytes) {
        expect(lacking.size).toBe(0);
      }
    }),
  );
});

it('is there for everything where nobody can tell', () => {
  expect(withoutRoom([{ id: 'a', bytes: gb }], null).size).toBe(0);
});

it('is looked at again before a file is begun', async () => {
  const { obtain, registry } = setUp((io) => ({
    ...io,
    files: { ...io.files, space: async () => ({ freeBytes: 1_000, totalBytes: gb }) },
  }));
  expect(await problemFrom(obtain())).toMatchObject({
    code: 'transfer/no-room',
    retry: 'later',
    detail: expect.stringContaining(`${content.length - 1_000} bytes`) as string,
  });
  expect(registry.requests).toEqual([]);
});
