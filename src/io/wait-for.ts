// Waits until something can be seen, with an end.
import type { Io } from './io.ts';

/** Short beside what is waited for, long beside a look. */
const pauseMs = 50;

/** Null when the time is over. Rejects with the signal's reason when aborted. */
export async function waitFor<T>(
  timeoutMs: number,
  { io, signal }: { readonly io: Pick<Io, 'clock'>; readonly signal: AbortSignal },
  look: () => Promise<T | null>,
): Promise<T | null> {
  const deadline = io.clock.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== null) return seen;
    if (io.clock.now() >= deadline) return null;
    await io.clock.sleep(pauseMs, signal);
  }
}
