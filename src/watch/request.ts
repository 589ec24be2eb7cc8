// What a loop is asked for, and what it is given.
import type { WatchFiles } from '../io/watch-files.ts';
import type { ReconcileContext, ReconcileRequest } from '../reconcile.ts';
import type { TriggerSource } from './trigger.ts';

export interface WatchRequest
  extends Pick<
    ReconcileRequest,
    'prune' | 'locked' | 'takeOver' | 'allowEvictions' | 'sameSet' | 'host' | 'rateLimit'
  > {
  /** Files, folders and globs, as with `-f`; not standard input, which has an end. */
  readonly inputs: readonly string[];
  /** How often everything is looked at, if nothing else asks for it. Default: 60,000. */
  readonly intervalMs?: number;
}

export interface WatchContext extends ReconcileContext {
  /** Tells of changed files; without it they are found by the timer. */
  readonly watchFiles?: WatchFiles;
  /** Further ways to be woken. */
  readonly sourcesOfTriggers?: readonly TriggerSource[];
}

export interface Watched {
  /** False: something had not come to its end in time, and was left as after a crash. */
  readonly isClean: boolean;
}
