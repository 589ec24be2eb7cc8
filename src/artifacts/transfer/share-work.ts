// One piece of work for all who want it at the same time. It goes on while anyone still waits for
// it and is aborted when the last one has gone; nobody is told that it ended before it has.
import type { OnWait } from '../../core/progress.ts';

/** What a caller brings to a long piece of work. */
export interface Call {
  readonly signal: AbortSignal;
  readonly onBytes: (completedBytes: number, totalBytes: number) => void;
  /** Told when nothing arrives for a while, on purpose. */
  readonly onWait?: OnWait;
}

interface Flight<V> {
  readonly promise: Promise<V>;
  readonly controller: AbortController;
  readonly calls: Set<Call>;
}

/** `joined` is true for all but the call that began the work. */
type Shared<V> = { readonly joined: boolean; readonly value: V };

export function shareWork<V>(): (
  key: string,
  call: Call,
  work: (shared: Call) => Promise<V>,
) => Promise<Shared<V>> {
  const flights = new Map<string, Flight<V>>();

  const start = (key: string, work: (shared: Call) => Promise<V>): Flight<V> => {
    const controller = new AbortController();
    const calls = new Set<Call>();
    const promise = work({
      signal: controller.signal,
      onBytes: (completed, total) => calls.forEach((call) => call.onBytes(completed, total)),
      onWait: (wait) => calls.forEach((call) => call.onWait?.(wait)),
    }).finally(() => flights.delete(key));
    const flight = { promise, controller, calls };
    flights.set(key, flight);
    return flight;
  };

  return async (key, call, work) => {
    call.signal.throwIfAborted();
    let flight = flights.get(key);
    while (flight?.controller.signal.aborted === true) {
      // It is ending for want of callers, and still writes where a second one would.
      await flight.promise.catch(() => undefined);
      flight = flights.get(key);
    }
    const joined = flight !== undefined;
    flight ??= start(key, work);
    return { joined, value: await waitFor(flight, call) };
  };
}

async function waitFor<V>(flight: Flight<V>, call: Call): Promise<V> {
  flight.calls.add(call);
  const left = Promise.withResolvers<never>();
  const leave = () => {
    flight.calls.delete(call);
    if (flight.calls.size > 0) left.reject(call.signal.reason);
    else flight.controller.abort(call.signal.reason);
  };
  call.signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([flight.promise, left.promise]);
  } finally {
    call.signal.removeEventListener('abort', leave);
    flight.calls.delete(call);
  }
}
