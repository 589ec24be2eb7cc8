// What is really there, as the engines tell. An engine that does not answer is `unreachable`,
// which is another type than an engine that holds nothing; a figure nobody knows is `unknown`,
// which is another type than zero. The planner cannot mistake one for the other.
import type { LoadOptions, Recipe } from './desired.ts';
import type { Digest } from './digest.ts';
import type { PlacementKey } from './key.ts';
import type { Problem } from './problem.ts';
import type { ObservedService } from './service.ts';
import type { Access } from './way.ts';

export type Capacity =
  | { readonly kind: 'known'; readonly freeBytes: number; readonly totalBytes: number }
  | { readonly kind: 'unknown' };

/**
 * What a digest means on its engine: constant for the digest, so learned once and remembered in
 * the ledger.
 */
export interface Details {
  /** sha256 of the weights as the engine stores them. */
  readonly weights: Digest | null;
  /** The effective system prompt, template and parameters, the base's included. */
  readonly recipe: Recipe;
}

export interface LoadedState {
  /** Milliseconds since the epoch; `never` when nothing but a command or pressure unloads it. */
  readonly expiresAt: number | 'never';
  /** As the engine runs it now; a field that the engine does not report is absent. */
  readonly load: LoadOptions;
  /** All memory that it takes, wherever it is. */
  readonly memoryBytes: number;
  /** The part of it that is on accelerators. */
  readonly vramBytes: number;
  /**
   * Whether it is kept for this very name, where the engine counts by name. Absent where it keeps
   * one runner for all names over the same weights: unloading one name unloads them all.
   */
  readonly ownHold?: boolean;
  /** Requests in flight; `unknown` where the engine cannot tell. */
  readonly inUse: boolean | 'unknown';
}

export interface ObservedPlacement {
  /** Canonical. */
  readonly name: string;
  readonly digest: Digest;
  /** Logical size: what is shared with other names is counted here too. */
  readonly bytes: number;
  readonly details: Details | null;
  /** What a client's own request loads it with, where the engine keeps that beside the name. */
  readonly configured?: LoadOptions;
  /** A run was cut off while it replaced the content: the old one is still kept aside. */
  readonly cutOff?: boolean;
  /** False while it is stored and the engine does not know of it: the last step of a build is open. */
  readonly served?: false;
  /** Loaded under this name, or under another name of the same content. */
  readonly loaded: LoadedState | null;
}

export type BackendObservation =
  | {
      readonly kind: 'reachable';
      readonly version: string;
      readonly placements: ReadonlyMap<string, ObservedPlacement>;
      /** Blobs of wanted artifacts that are there already: they need no download. */
      readonly presentBlobs: ReadonlySet<Digest>;
      readonly disk: Capacity;
      /** Told where something is to be brought to an engine that has several ways in. */
      readonly access?: Access;
      /** How many models it keeps in memory at once, where it counts them; absent: as many as fit. */
      readonly slots?: number;
      /** What people should know of the engine's own settings, though it stops nothing. */
      readonly warnings?: readonly Problem[];
      /** Details fetched now that were not remembered; to be remembered. */
      readonly learned: ReadonlyMap<Digest, Details>;
      /** Where its Backend says how it is run. */
      readonly service?: ObservedService;
    }
  | {
      readonly kind: 'unreachable';
      readonly problem: Problem;
      readonly service?: ObservedService;
    };

/**
 * Why an engine that fetches a manifest by itself would not get the locked one now. A registry that
 * has it as locked, or refuses only us, gives no answer of this kind.
 */
export type RegistryAnswer =
  /** One sentence: what the reference stands for now. */
  | { readonly kind: 'moved'; readonly detail: string }
  | { readonly kind: 'gone'; readonly detail: string }
  /** One sentence: who did not answer, and how. */
  | { readonly kind: 'silent'; readonly detail: string };

export interface Observed {
  /**
   * Blobs that some engine lacks and another store of this machine has: they need no download.
   */
  readonly nearby?: ReadonlySet<Digest>;
  /** Of what is missing and would come through an API. */
  readonly registries?: ReadonlyMap<PlacementKey, RegistryAnswer>;
  /** By `backendKey`. */
  readonly backends: ReadonlyMap<string, BackendObservation>;
}
