// Many things to ask, a few at a time; and work that must not overlap, one after the other.

/** Results in the order of `items`; the first failure is thrown once nothing is under way. */
export async function mapBounded<T, R>(
  items: readonly T[],
  concurrencyMax: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      if (failed) return;
      results[index] = await work(item).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const workers = Array.from({ length: Math.min(concurrencyMax, items.length) }, worker);
  for (const one of await Promise.allSettled(workers)) {
    if (one.status === 'rejected') throw one.reason;
  }
  return results;
}

/** Runs after whatever else waits for its turn on the same key, however that ends. */
export type InTurn = <T>(key: string, work: () => Promise<T>) => Promise<T>;

export function takingTurns(): InTurn {
  const turns = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = turns.get(key) ?? Promise.resolve();
    const run = before.then(work, work);
    turns.set(key, run);
    try {
      return await run;
    } finally {
      if (turns.get(key) === run) turns.delete(key);
    }
  };
}
