// Many things to ask, a few at a time.

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
