// A loop over a machine of test/machine.ts, in real time but with short intervals: started, asked,
// waited for, ended.
import type { ProgressEvent } from '../../src/core/progress.ts';
import { watchFiles } from '../../src/io/node/watch-files.ts';
import { type Watched, type WatchRequest, watch } from '../../src/watch.ts';
import { askWatches } from '../../src/wishes.ts';
import type { Machine } from '../machine.ts';

const patienceMs = 15_000;

export interface Watching {
  readonly events: readonly ProgressEvent[];
  /** Resolves once it is so; rejects with what happened when that takes too long. */
  readonly until: (what: string, isSo: () => boolean) => Promise<void>;
  /** Lines of the loop's own: revisions, conditions, problems, ends of actions. */
  readonly told: () => readonly string[];
  /** Resolves once all is looked at from beginning to end, and on record. */
  readonly settled: () => Promise<void>;
  readonly end: (reason?: string) => Promise<Watched>;
}

export function startWatching(
  machine: Machine,
  request: Partial<WatchRequest> = {},
  inputs = ['models.yaml'],
): Watching {
  const events: ProgressEvent[] = [];
  const stop = new AbortController();
  const ended = watch(
    { inputs, intervalMs: 1_000, ...request },
    { io: machine.io, signal: stop.signal, report: (event) => void events.push(event), watchFiles },
  );
  let failure: Error | null = null;
  ended.catch((error: unknown) => {
    failure = error as Error;
  });
  const told = () => events.flatMap(lineOf);
  return {
    events,
    told,
    until: async (what, isSo) => {
      const deadline = performance.now() + patienceMs;
      while (performance.now() < deadline) {
        if (failure !== null) throw failure;
        if (isSo()) return;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      throw new Error(`${what}: not after ${patienceMs / 1000} s\n${told().join('\n')}`);
    },
    settled: async () => {
      const { io } = machine;
      const asking = { io, signal: AbortSignal.timeout(patienceMs) };
      for (;;) {
        // Until there is a ledger, the loop cannot put itself on record.
        const asked = await askWatches(null, { timeoutMs: patienceMs }, asking).catch(() => null);
        if (asked !== null) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
        asking.signal.throwIfAborted();
      }
    },
    end: (reason = 'SIGTERM') => {
      stop.abort(new DOMException(reason, 'AbortError'));
      return ended;
    },
  };
}

function lineOf(event: ProgressEvent): readonly string[] {
  switch (event.kind) {
    case 'revision':
      return [`revision of ${event.revision.models}`];
    case 'condition':
      return [`${event.condition.model} ${event.condition.state} ${event.condition.reason}`];
    case 'problem':
      return [`problem ${event.problem.code}`];
    case 'finished':
      return [`${event.entry.outcome} ${event.entry.action.name}`];
    default:
      return [];
  }
}
