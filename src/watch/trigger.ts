// Everything that can wake the loop, on one screen. A trigger says "look again" and nothing more:
// what is to be done follows from what is seen then, never from what woke us.
import type { ReconcileAsk } from '../core/wish.ts';
import type { Ending } from './queue.ts';

export type Trigger =
  /** Something changed under the inputs; which paths, for people. */
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  /** A person asked, through the ledger. */
  | { readonly kind: 'asked'; readonly ask: ReconcileAsk }
  /** Something was suspended or resumed. */
  | { readonly kind: 'wishes' }
  /** A piece of work came to its end. */
  | { readonly kind: 'ended'; readonly key: string; readonly ending: Ending }
  /** A bug of ours, or a signal: the loop ends. */
  | { readonly kind: 'thrown'; readonly error: unknown };

export type Tell = (trigger: Trigger) => void;

/** Tells until the signal ends it. A source of a later kind (git, a socket) is one more of these. */
export type TriggerSource = (tell: Tell, signal: AbortSignal) => Promise<void>;

export interface Mailbox {
  readonly tell: Tell;
  /** Everything told since the last call; waits for the first, but not beyond `timeoutMs`. */
  readonly take: (timeoutMs: number | null, signal: AbortSignal) => Promise<readonly Trigger[]>;
}

export function createMailbox(
  sleep: (durationMs: number, signal: AbortSignal) => Promise<void>,
): Mailbox {
  const waiting: Trigger[] = [];
  let wake: (() => void) | null = null;
  return {
    tell: (trigger) => {
      waiting.push(trigger);
      wake?.();
    },
    take: async (timeoutMs, signal) => {
      if (waiting.length === 0 && !signal.aborted && timeoutMs !== 0) {
        const woken = Promise.withResolvers<void>();
        const over = new AbortController();
        const wakeUp = (): void => woken.resolve();
        wake = wakeUp;
        signal.addEventListener('abort', wakeUp, { once: true });
        if (timeoutMs !== null) {
          sleep(timeoutMs, over.signal).then(wakeUp, () => undefined);
        }
        await woken.promise;
        wake = null;
        over.abort();
        signal.removeEventListener('abort', wakeUp);
      }
      return waiting.splice(0);
    },
  };
}
