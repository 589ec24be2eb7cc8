// Waits until something can be seen, with an end.
import type { BackendContext } from '../backends/backend.ts';

const pauseMs = 100;

/** Null when the time is over. Rejects with the signal's reason when aborted. */
export async function waitFor<T>(
  timeoutMs: number,
  { io, signal }: BackendContext,
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
