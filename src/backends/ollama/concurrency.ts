// Many requests to one engine, a few at a time.

/** Results in the order of `items`; the first failure is thrown once nothing is under way. */
export async function mapBounded<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      const item = items[index] as T;
      results[index] = await work(item).catch((error: unknown) => {
        next = items.length;
        throw error;
      });
    }
  };
  const workers = Array.from({ length: Math.min(atOnce, items.length) }, worker);
  const settled = await Promise.allSettled(workers);
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
  return results;
}
