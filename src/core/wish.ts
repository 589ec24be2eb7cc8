// What people ask of a loop that keeps running, and of every run: rows of the ledger, since whoever
// asks and whoever acts are different processes.
import type { ProcessMark } from './transfer.ts';

/** A Model that is left alone: never evicted, never changed. */
export interface Suspension {
  readonly set: string;
  /** metadata.name */
  readonly model: string;
  /** Milliseconds since the epoch: it ends by itself. */
  readonly until: number;
  readonly reason: string;
  readonly who: string;
  readonly at: number;
}

/** A `watch` that runs now, as it put itself on record. */
export interface RunningWatch {
  readonly id: string;
  readonly process: ProcessMark;
  /** As `-f` has them. */
  readonly inputs: readonly string[];
  readonly startedAt: number;
}

/** Asks one watch to look again now, whatever it waits for. */
export interface ReconcileAsk {
  readonly id: string;
  /** Of the RunningWatch. */
  readonly watch: string;
  /** A Model or a served name; null for everything. */
  readonly name: string | null;
  readonly who: string;
  readonly at: number;
  readonly answer: ReconcileAnswer | null;
}

export interface ReconcileAnswer {
  /** `unknown`: that watch has nothing of this name. */
  readonly outcome: 'converged' | 'held' | 'failed' | 'unknown';
  /** What `apply` would end with. */
  readonly exitCode: number;
  /** One line for each thing that stands in the way. */
  readonly details: readonly string[];
}

/** Written without the lock of this machine: one row each, by whoever has something to say. */
export interface Wishes {
  /** Those that have ended, too, until the next is written. */
  readonly suspensions: () => readonly Suspension[];
  readonly suspend: (suspension: Suspension) => void;
  /** Ends it, and what was left alone as contested is tried again. False when there was neither. */
  readonly resume: (set: string, model: string) => boolean;
  readonly watches: () => readonly RunningWatch[];
  readonly addWatch: (watch: RunningWatch) => void;
  /** With what was asked of it. */
  readonly removeWatch: (id: string) => void;
  readonly ask: (ask: ReconcileAsk) => void;
  /** All that is on record, or what one watch has not answered yet. */
  readonly asks: (openOf?: string) => readonly ReconcileAsk[];
  readonly answer: (id: string, answer: ReconcileAnswer) => void;
  readonly forgetAsk: (id: string) => void;
}
