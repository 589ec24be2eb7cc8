// What modelctl owns on this machine's word, as the ledger keeps it. It never says what exists:
// that is observed. Losing it loses ownership, and with it every right to delete.
import type { Residency, Role } from './desired.ts';
import type { Digest } from './digest.ts';
import type { Placement, PlacementKey } from './key.ts';
import type { Made } from './made.ts';
import type { Details } from './observed.ts';
import type { Suspension } from './wish.ts';

export interface InventoryEntry extends Placement {
  readonly set: string;
  readonly model: string;
  readonly role: Role;
  /** Last seen there by us. Null: we were about to make it and have not seen it yet. */
  readonly digest: Digest | null;
  readonly made: Made | null;
  /** Found, not made: pruned only with approval. */
  readonly adopted: boolean;
  readonly residency: Residency;
  /** The Model's `lifecycle.prune`, remembered for when the Model is gone. */
  readonly prune: 'Delete' | 'Keep' | 'Confirm';
  /** Name of the base or of the alias' target, so that nothing is evicted before it. */
  readonly base: string | null;
  /** What was wanted when all of it was last seen to be so; absent while it never was. */
  readonly settled?: Digest;
}

/**
 * Whether content that is as wanted was there before modelctl did anything about it: whoever brought
 * it has to agree before it goes. `own` is the entry of the set in question, `others` are those of
 * other sets; `wasCutOff` says that an action on the name was begun and never closed. Other content
 * than on record was put there by somebody else, however ours the name was.
 */
export function wasFound(
  digest: Digest,
  {
    own,
    others,
    wasCutOff,
  }: {
    readonly own: InventoryEntry | undefined;
    readonly others: readonly InventoryEntry[];
    readonly wasCutOff: boolean;
  },
): boolean {
  if (own !== undefined && (own.digest === digest || wasCutOff)) return own.adopted;
  return !others.some((other) => other.digest === digest && !other.adopted);
}

/** Which placement of which set, in `contested`. */
export const placementOfSet = (set: string, key: PlacementKey): string => `${set} ${key}`;

/** The same, for one state of the manifests, in `corrections`. */
export const correctionOf = (set: string, key: PlacementKey, wanted: Digest): string =>
  `${placementOfSet(set, key)} ${wanted}`;

/** How often within the last hour something was brought about again that others had undone. */
export interface Corrections {
  readonly builds: number;
  readonly loads: number;
}

/** Which Model of which set, in `recentEvictions` and `suspended`. */
export const modelOfSet = (set: string, model: string): string => `${set} ${model}`;

/** What the planner may know besides desired and observed: a snapshot of the ledger. */
export interface LedgerView {
  /** `read-only` when the ledger is damaged or newer than this program: nothing is evicted. */
  readonly mode: 'writable' | 'read-only';
  /** Entries of every set on this machine. */
  readonly inventory: readonly InventoryEntry[];
  /** What each digest was made from, by `backendKey`. */
  readonly made: ReadonlyMap<string, ReadonlyMap<Digest, Made>>;
  /** Details remembered by digest, by `backendKey`. */
  readonly details: ReadonlyMap<string, ReadonlyMap<Digest, Details>>;
  /** Names with an action that was begun and not closed: an earlier run was cut off there. */
  readonly interrupted: ReadonlySet<string>;
  /** Evictions and overwrites of the last 24 hours, by `backendKey`. */
  readonly recentEvictions: ReadonlyMap<string, ReadonlySet<string>>;
  /** Placement keys whose eviction a person approved. */
  readonly approved: ReadonlySet<string>;
  /** By `modelOfSet`: those that have not ended yet. */
  readonly suspended: ReadonlyMap<string, Suspension>;
  /** By `correctionOf`. */
  readonly corrections: ReadonlyMap<string, Corrections>;
  /** By `placementOfSet`: what was wanted when it was given up as contested. */
  readonly contested: ReadonlyMap<string, Digest>;
}

export const emptyLedger: LedgerView = {
  mode: 'writable',
  inventory: [],
  made: new Map(),
  details: new Map(),
  interrupted: new Set(),
  recentEvictions: new Map(),
  approved: new Set(),
  suspended: new Map(),
  corrections: new Map(),
  contested: new Map(),
};
