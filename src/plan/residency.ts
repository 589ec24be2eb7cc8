// Is a placement in memory as it should be? Asked after its content has been judged: what is about
// to be built is loaded afterwards, and a model in use is never reloaded to correct its options.
import { type DesiredPlacement, type LoadOptions, staysLoaded } from '../core/desired.ts';
import type { HeldBecause } from '../core/held.ts';
import type { PlacementKey } from '../core/key.ts';
import type { LoadedState, ObservedPlacement } from '../core/observed.ts';
import type { Reason } from '../core/plan.ts';
import type { ContentVerdict } from './content.ts';
import type { Judged } from './judge.ts';
import { sharingOf } from './sharing.ts';
import type { World } from './world.ts';

export type ResidencyVerdict =
  | { readonly kind: 'satisfied' }
  | { readonly kind: 'load'; readonly reason: Reason; readonly because: string }
  | { readonly kind: 'unload'; readonly because: string }
  /** The engine has no place for it; `gives` up the one that it has. */
  | { readonly kind: 'no-slot'; readonly gives: boolean; readonly detail: string }
  | { readonly kind: 'in-use'; readonly detail: string }
  | {
      readonly kind: 'held';
      readonly because: HeldBecause;
      readonly detail: string;
      readonly remedy: string;
    };

export function judgeResidency(
  world: World,
  placement: DesiredPlacement,
  content: ContentVerdict,
): ResidencyVerdict {
  // Set up anew with the content that it has: what is in memory stays what it is.
  const kept = content.kind === 'build' && content.replaces?.digest === placement.digest;
  if (content.kind === 'build' && !kept) {
    return staysLoaded(placement.residency)
      ? { kind: 'load', reason: 'residency-drift', because: 'It is to stay loaded.' }
      : { kind: 'satisfied' };
  }
  if (content.kind === 'held') return { kind: 'satisfied' };
  const observed = content.kind === 'build' ? content.replaces : content.observed;
  if (observed === null) return { kind: 'satisfied' };
  if (!staysLoaded(placement.residency)) return judgeReleased(world, placement, observed);
  // Other content than what is to stay loaded is not loaded for it.
  return content.kind === 'absent'
    ? { kind: 'satisfied' }
    : judgeLoaded(placement, observed.loaded);
}

function judgeLoaded(placement: DesiredPlacement, loaded: LoadedState | null): ResidencyVerdict {
  if (loaded === null) {
    return { kind: 'load', reason: 'residency-drift', because: 'It is not loaded.' };
  }
  const differing = differingOption(placement, loaded.load);
  if (differing !== null) {
    if (loaded.inUse === true) {
      return {
        kind: 'in-use',
        detail: `It is in use and keeps running with other options: ${differing}.`,
      };
    }
    return { kind: 'load', reason: 'config-drift', because: `It runs with ${differing}.` };
  }
  if (loaded.expiresAt !== 'never') {
    return { kind: 'load', reason: 'residency-drift', because: 'It is loaded, but not to stay.' };
  }
  return { kind: 'satisfied' };
}

/** `loaded` became `stored`: what we keep in memory is given back. What others loaded is theirs. */
function judgeReleased(
  world: World,
  placement: DesiredPlacement,
  observed: ObservedPlacement,
): ResidencyVerdict {
  if (!isToBeReleased(world, placement, observed)) return { kind: 'satisfied' };
  if (observed.loaded?.inUse === true) {
    return { kind: 'in-use', detail: 'It no longer has to stay loaded, but is in use.' };
  }
  return { kind: 'unload', because: 'It no longer has to stay loaded.' };
}

/** A desired name that we keep in memory, for itself alone, and no longer have to. */
export function isToBeReleased(
  world: World,
  placement: DesiredPlacement,
  observed: ObservedPlacement,
): boolean {
  if (!isKeptByUs(world, placement, observed) || staysLoaded(placement.residency)) return false;
  if (observed.loaded?.expiresAt !== 'never') return false;
  const { stayingFor, keptUnderName } = sharingOf(world, placement, observed);
  if (keptUnderName) return false;
  return observed.loaded.ownHold === true || stayingFor === null;
}

/** Of the content on record: what else is in memory under the name is not our doing. */
function isKeptByUs(
  world: World,
  { key }: DesiredPlacement,
  { digest }: ObservedPlacement,
): boolean {
  const entry = world.owned.get(key);
  return entry !== undefined && entry.digest === digest && staysLoaded(entry.residency);
}

/** Wanted names whose content is not about to change. */
export const stayingNames = (judged: readonly Judged[]): ReadonlySet<PlacementKey> =>
  new Set(
    judged.flatMap(({ placement, content }) =>
      content.kind !== 'build' || content.keepsContent === true ? [placement.key] : [],
    ),
  );

/**
 * What is kept in memory of a content that is to be replaced, for no other name, by us or by a set
 * that it is taken from: unloaded first, since afterwards no name leads to it. An engine that counts
 * by name lets go of it by itself.
 */
export function isToGiveWay(
  world: World,
  { placement, content }: Judged,
  staying: ReadonlySet<PlacementKey>,
): boolean {
  if (content.kind !== 'build' || staying.has(placement.key)) return false;
  const { replaces } = content;
  if (replaces === null || replaces.digest === placement.digest) return false;
  if (replaces.loaded?.expiresAt !== 'never' || replaces.loaded.ownHold === true) return false;
  const { stayingFor, keptUnderName } = sharingOf(world, placement, replaces, staying);
  return stayingFor === null && (keptUnderName || isKeptByUs(world, placement, replaces));
}

/** `contextLength 2048, wanted 4096`, or null. Options that the engine does not report are right. */
function differingOption(placement: DesiredPlacement, actual: LoadOptions): string | null {
  const wanted = effectiveLoad(placement);
  for (const field of comparedOptions) {
    const want = wanted[field];
    const have = actual[field];
    if (want !== undefined && have !== undefined && want !== have) {
      return `${field} ${String(have)}, wanted ${String(want)}`;
    }
  }
  return null;
}

const comparedOptions = [
  'contextLength',
  'gpuLayers',
  'threads',
  'parallel',
  'kvCacheType',
  'flashAttention',
] as const satisfies readonly (keyof LoadOptions)[];

/** Engines never run more context than the model was trained for: asking for more is no drift. */
function effectiveLoad({ load, artifact }: DesiredPlacement): LoadOptions {
  const trained = artifact.facts.contextLength;
  if (load.contextLength === undefined || trained === undefined) return load;
  return { ...load, contextLength: Math.min(load.contextLength, trained) };
}
