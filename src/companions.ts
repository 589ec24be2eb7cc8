// Runs that act at the same time, each for an engine of its own, under one hold of the lock: what
// they must know of one another. A run that acts alone is its own companion.
import type { Flights } from './artifacts/transfer/obtain.ts';
import type { Digest } from './core/digest.ts';

export interface Companions {
  /** A file that several of them want is fetched once. */
  readonly flights: Flights;
  /** Bytes that are going to be fetched by others of them and are not there yet. */
  readonly expectedBytes: (own: string) => number;
  readonly expect: (own: string, bytes: number) => void;
  /**
   * Ends the part of one of them, which leaves `wanted` to a later run. The last one that acts clears
   * away what none of them needs, these included that ended before.
   */
  readonly leave: (
    own: string,
    wanted: ReadonlySet<Digest>,
    sweep: (wanted: ReadonlySet<Digest>) => Promise<void>,
  ) => Promise<void>;
}

export function createCompanions(flights: Flights): Companions {
  const expected = new Map<string, number>();
  const wantedBy = new Map<string, ReadonlySet<Digest>>();
  return {
    flights,
    expectedBytes: (own) =>
      [...expected].reduce((sum, [key, bytes]) => (key === own ? sum : sum + bytes), 0),
    expect: (own, bytes) => void expected.set(own, bytes),
    leave: async (own, wanted, sweep) => {
      expected.delete(own);
      if (wanted.size === 0) wantedBy.delete(own);
      else wantedBy.set(own, wanted);
      if (expected.size > 0) return;
      await sweep(new Set([...wantedBy.values()].flatMap((digests) => [...digests])));
    },
  };
}
