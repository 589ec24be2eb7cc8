// A placement is one served name on one backend of one host. Its key is the same in desired,
// observed, plan and ledger. Names are compared exactly, in the engine's canonical form: never
// as a prefix, never as a pattern.
import { compareText } from './canonical.ts';

/** Normalised `scheme://address:port`, or `<type>:<real path of the store>`; see backend.ts. */
export type BackendId = string;

export interface Placement {
  /** `local` for this machine in its own ledger; else the declared Host's name. */
  readonly host: string;
  readonly backend: BackendId;
  /** The served name in the engine's canonical form. */
  readonly name: string;
}

export type PlacementKey = string & { readonly __brand: 'PlacementKey' };

// Neither a host nor a canonical name can contain a bar, so the text is unambiguous even when a
// store's path does.
export const placementKey = (placement: Placement): PlacementKey =>
  `${placement.host}|${placement.backend}|${placement.name}` as PlacementKey;

export function placementOf(key: PlacementKey): Placement {
  const first = key.indexOf('|');
  const last = key.lastIndexOf('|');
  return {
    host: key.slice(0, first),
    backend: key.slice(first + 1, last),
    name: key.slice(last + 1),
  };
}

/** Which engine instance, over all hosts. */
export const backendKey = (at: Pick<Placement, 'host' | 'backend'>): string =>
  `${at.host}|${at.backend}`;

/** For sorting: by host, engine and name. */
export const byPlacement = (a: Placement, b: Placement): number =>
  compareText(placementKey(a), placementKey(b));
