// What the steps of a run hand to the ledger.
import type { BackendReference } from '../../core/backend-reference.ts';
import type { Digest } from '../../core/digest.ts';
import type { InventoryEntry } from '../../core/inventory.ts';
import type { PlacementKey } from '../../core/key.ts';
import type { Made } from '../../core/made.ts';
import type { Details } from '../../core/observed.ts';
import type { Contest } from './contested.ts';

export interface SetRecord {
  /** Where the set lives: a path or a git remote. */
  readonly location: string;
  /** The engine chosen for it when none was declared. */
  readonly engine: BackendReference | null;
}

export interface RunScope extends SetRecord {
  readonly set: string;
  /** Every engine that the run uses; those of earlier runs are kept. */
  readonly backends: readonly BackendReference[];
}

export interface RunStart extends RunScope {
  /** What is owned already and what is about to be: see `entriesBeforeRun`. */
  readonly entries: readonly InventoryEntry[];
}

/** What an action's end means for the record: see `factsAfter`. */
export interface ActionFacts {
  /** Null when the name is gone and no longer owned. */
  readonly entry: InventoryEntry | null;
  readonly made?: Made;
  readonly details?: Details;
}

/** What a run ends with: see `settlementOf`. */
export interface Settlement extends RunScope {
  readonly entries: readonly InventoryEntry[];
  /** Seen to be gone, or given up to another set. */
  readonly absent: readonly PlacementKey[];
  /** Cut off in an earlier run, and since then seen as they are. */
  readonly closed: readonly PlacementKey[];
  /** By `backendKey`. */
  readonly learned: ReadonlyMap<string, ReadonlyMap<Digest, Details>>;
  /** What is given up as contested now, and what no longer. */
  readonly contests: readonly Contest[];
}

export interface HistoryFilter {
  readonly set?: string;
  readonly model?: string;
  readonly name?: string;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly limit: number;
}
