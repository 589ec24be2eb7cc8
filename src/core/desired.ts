// What should be there. `resolve` turns resources into placements: one entry for each name that
// an engine must serve, with pinned bytes, in the engine's own normal form.
import type { Artifact } from './artifact.ts';
import type { Digest } from './digest.ts';
import type { Held } from './held.ts';
import type { Placement, PlacementKey } from './key.ts';
import type { Origin, Problem } from './problem.ts';
import type { DesiredService } from './service.ts';

/** `optional` is kept while there is room but not pulled; the rest are promises, in rising order. */
export type Residency = 'optional' | 'stored' | 'loaded' | 'pinned';

export const staysLoaded = (residency: Residency): boolean =>
  residency === 'loaded' || residency === 'pinned';

export type ParameterValue = number | boolean | string | readonly string[];

/** What a derived name adds to its base. Absent fields keep what the base says. */
export interface Recipe {
  readonly system?: string;
  readonly template?: string;
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
  /** LoRA adapters, by content. */
  readonly adapters?: readonly Adapter[];
}

export interface Adapter {
  /** Its source, as it was locked; where an engine tells of what it holds, its digest. */
  readonly path: string;
  readonly digest: Digest;
  /** Absent where an engine does not tell. */
  readonly bytes?: number;
}

/** What has to be fetched for an adapter of a recipe. */
export const adapterArtifact = ({ path, digest, bytes }: Adapter): Artifact => ({
  source: path,
  revision: digest,
  files: [{ path: path.split('/').at(-1) ?? path, digest, bytes: bytes ?? 0 }],
  weights: digest,
  facts: {},
});

/** Options that an engine takes with a load. What an engine bakes into names is not here. */
export interface LoadOptions {
  /** In tokens, per slot. */
  readonly contextLength?: number;
  readonly gpuLayers?: number | 'all';
  readonly threads?: number;
  readonly parallel?: number;
  readonly kvCacheType?: string;
  readonly flashAttention?: boolean;
  /** Milliseconds; `forever` for what stays loaded; absent: the engine's own default. */
  readonly keepAliveMs?: number | 'forever';
  /** What else the engine is told, by its own names for it. */
  readonly flags?: EngineFlags;
}

export type EngineFlags = Readonly<Record<string, string | number | boolean>>;

/**
 * What a client's own request is to load a name with. That it stays loaded is kept up by
 * reconciling, not by the engine.
 */
export function clientLoad({
  residency,
  load,
}: {
  readonly residency: Residency;
  readonly load: LoadOptions;
}): LoadOptions {
  const { keepAliveMs, ...options } = load;
  return staysLoaded(residency) || keepAliveMs === undefined ? options : load;
}

/** How a name comes to hold what it should. */
export type Build =
  /** The artifact itself: pulled by the engine, or stored or imported from our verified files. */
  | { readonly kind: 'source' }
  /** `base` plus a recipe; `base` is a placement of the same backend, built first. */
  | { readonly kind: 'derive'; readonly base: string; readonly recipe: Recipe }
  /** Another name for a placement of the same backend. */
  | { readonly kind: 'alias'; readonly of: string };

/** `base` placements are implied by a derived one: owned, counted, never evicted before it. */
export type Role = 'model' | 'base' | 'alias';

export interface DesiredPlacement extends Placement {
  readonly key: PlacementKey;
  /** metadata.name of the Model. */
  readonly model: string;
  readonly role: Role;
  readonly build: Build;
  readonly artifact: Artifact;
  /** What the engine will call this content, where that can be known before it is built. */
  readonly digest: Digest | null;
  readonly residency: Residency;
  readonly load: LoadOptions;
  readonly prune: 'Delete' | 'Keep' | 'Confirm';
  /** What is done about changes that somebody else made; absent: they are corrected. */
  readonly driftPolicy?: 'Warn' | 'Ignore';
  /** Higher is kept first. */
  readonly priority: number;
  readonly origin: Origin;
}

export interface Desired {
  /** The set's random id, from its lock, or new. */
  readonly set: string;
  /** Hash of everything below: the same manifests and lock give the same revision. */
  readonly revision: Digest;
  /** False when something was not read, found or matched: then nothing is pruned. */
  readonly complete: boolean;
  /** Why not complete, for the held entries that follow from it. */
  readonly incompleteBecause: string | null;
  readonly placements: ReadonlyMap<PlacementKey, DesiredPlacement>;
  /** How engines are to be set up, by `backendKey`; of the others nothing is said. */
  readonly services?: ReadonlyMap<string, DesiredService>;
  /** What could not be turned into a placement: unsupported, not resolvable now. */
  readonly held: readonly Held[];
  /** Models that `held` keeps out of `placements` but which are still wanted: never pruned. */
  readonly heldModels: ReadonlySet<string>;
  readonly warnings: readonly Problem[];
}
