import { describe, expect, test } from 'vitest';
import { copiesOf } from '../../src/cli/copies.ts';
import { digestOf } from '../render/plan-values.ts';
import { modelLoaded } from '../render/survey-values.ts';

const at = (name: string, backend: string, digit: string, bytes: number) => ({
  ...modelLoaded,
  name,
  backend,
  weights: digestOf(digit),
  bytes,
});

describe('names for the same weights', () => {
  test('share their bytes on one engine, and waste them on several', () => {
    const copies = copiesOf([
      at('a', 'one', 'a', 100),
      at('alias', 'one', 'a', 100),
      at('b', 'one', 'b', 10),
      at('b', 'two', 'b', 10),
      at('b', 'three', 'b', 10),
      at('alone', 'one', 'c', 1000),
    ]);
    expect(
      copies.map(({ digest, bytes, wastedBytes, names }) => [
        digest,
        bytes,
        wastedBytes,
        names.length,
      ]),
    ).toEqual([
      [digestOf('b'), 10, 20, 3],
      [digestOf('a'), 100, 0, 2],
    ]);
  });

  test('are told by the whole name where the engine does not tell its weights', () => {
    const unknown = { weights: null, digest: digestOf('d') };
    const names = [
      { ...at('a', 'one', 'a', 1), ...unknown },
      { ...at('b', 'two', 'b', 1), ...unknown },
    ];
    expect(copiesOf(names)).toMatchObject([{ digest: digestOf('d'), wastedBytes: 1 }]);
  });
});
