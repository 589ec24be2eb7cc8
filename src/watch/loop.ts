// All that a loop knows from one moment to the next, in one place: what is declared now, what is due
// and what runs, what was seen last. Functions beside it change it; none of them waits for another.
import type { ApplySurroundings } from '../apply.ts';
import { sources } from '../artifacts/sources/index.ts';
import { engines } from '../backends/index.ts';
import type { Artifact } from '../core/artifact.ts';
import type { Digest } from '../core/digest.ts';
import type { Declaration, Surroundings } from '../declare.ts';
import { homeOf } from '../io/home.ts';
import type { ReconcileRequest } from '../reconcile.ts';
import { type Asks, createAsks, type LastLook } from './asks.ts';
import type { Convergence } from './convergence.ts';
import { createHold, type Hold } from './hold.ts';
import { createLedgerReader, type LedgerReader } from './ledger-reader.ts';
import { createNews, type News } from './news.ts';
import { emptyQueue, type Queue, type QueueTimes } from './queue.ts';
import type { WatchContext, WatchRequest } from './request.ts';

export interface Loop {
  readonly request: ReconcileRequest;
  readonly context: WatchContext;
  readonly around: Omit<Surroundings, 'ledger' | 'signal'> & Pick<ApplySurroundings, 'cacheFolder'>;
  readonly times: QueueTimes;
  readonly hold: Hold;
  readonly reader: LedgerReader;
  readonly news: News;
  readonly asks: Asks;
  queue: Queue;
  /** The last that could be used; null while there was none. */
  declaration: Declaration | null;
  /** Whether what the inputs say now can be used: if not, nothing is pruned. */
  isUsable: boolean;
  /** Of the declaration, by engine. */
  parts: ReadonlyMap<string, Digest>;
  convergence: Convergence;
  /** Files that changed since the last look at them. */
  readonly changedFiles: Set<string>;
  /** By engine. */
  readonly looks: Map<string, LastLook>;
  readonly running: Map<string, AbortController>;
  /** By engine: problem code of each action that failed the last time. */
  readonly failed: Map<string, ReadonlyMap<string, string>>;
}

const intervalMsDefault = 60_000;
const backoffMsFirst = 1_000;

export function createLoop(given: WatchRequest, context: WatchContext): Loop {
  const { io, signal, report } = context;
  const { intervalMs = intervalMsDefault, ...request } = given;
  const home = homeOf(io.environment);
  return {
    request: { ...request, mode: 'apply' },
    context,
    around: {
      io,
      engines: context.engines ?? engines,
      sources: context.sources ?? sources,
      stateFolder: home.state,
      cacheFolder: home.cache,
      newSet: io.random.hex(16),
      resolved: new Map<string, Artifact>(),
    },
    times: { intervalMs, backoffMsFirst },
    hold: createHold(`modelctl watch -f ${given.inputs.join(' -f ')}`, io, signal),
    reader: createLedgerReader(io),
    news: createNews(report),
    asks: createAsks(),
    queue: emptyQueue,
    declaration: null,
    isUsable: false,
    parts: new Map(),
    convergence: new Map(),
    changedFiles: new Set(),
    looks: new Map(),
    running: new Map(),
    failed: new Map(),
  };
}
