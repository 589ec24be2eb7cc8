// A loop over a machine of test/machine.ts, in real time but with short intervals: started, asked,
// waited for, ended.
import type { ProgressEvent } from '../../src/core/progress.ts';
import { watchFiles } from '../../src/io/node/watch-files.ts';
import { type Watched, type WatchRequest, watch } from '../../src/watch.ts';
import type { Machine } from '../machine.ts';

export interface Watching {
  readonly events: readonly ProgressEvent[];
  /** Resolves once it is so; rejects with what happened when that takes too long. */
  readonly until: (what: string, isSo: () => boolean) => Promise<void>;
  /** Lines of the loop's own: revisions, conditions, problems, ends of actions. */
  readonly told: () => readonly string[];
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
      for (let tries = 0; tries < 400; tries += 1) {
        if (failure !== null) throw failure;
        if (isSo()) return;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      throw new Error(`${what}: not after 10 s\n${told().join('\n')}`);
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
