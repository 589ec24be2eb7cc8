// Does a name hold what it should? One placement at a time, in the order in which they are built:
// what a name is built on has been judged before it.
import { sameJson } from '../core/canonical.ts';
import { clientLoad, type DesiredPlacement, type Recipe } from '../core/desired.ts';
import { type Digest, shortDigest } from '../core/digest.ts';
import type { HeldBecause } from '../core/held.ts';
import { madeFrom, sameMade } from '../core/made.ts';
import type { ObservedPlacement } from '../core/observed.ts';
import type { Reason } from '../core/plan.ts';
import { detailsOf, foundationOf, isOurWork, madeOf, sightOf, type World } from './world.ts';

export type ContentVerdict =
  | { readonly kind: 'satisfied'; readonly observed: ObservedPlacement }
  /** Nothing is asked for now: an `optional` model, of which nothing right is there. */
  | { readonly kind: 'absent'; readonly observed: ObservedPlacement | null }
  | {
      readonly kind: 'build';
      readonly reason: Reason;
      readonly because: string;
      /** What is there now and will be replaced. */
      readonly replaces: ObservedPlacement | null;
      /** It holds what it should already: what is built on it stays as it is. */
      readonly keepsContent?: boolean;
    }
  | {
      readonly kind: 'held';
      readonly because: HeldBecause;
      readonly detail: string;
      readonly remedy: string;
      readonly untilEdited?: boolean;
    };

/** How the content compares with what is wanted, before asking whose it is. */
type Comparison =
  | { readonly kind: 'same' }
  | { readonly kind: 'differs'; readonly reason: Reason; readonly because: string }
  | { readonly kind: 'unverifiable'; readonly detail: string };

export function judgeContent(
  world: World,
  placement: DesiredPlacement,
  foundation: ContentVerdict | undefined,
): ContentVerdict {
  const sight = sightOf(world, placement);
  if (sight.kind === 'unreachable') {
    return {
      kind: 'held',
      because: 'unreachable',
      detail: sight.detail,
      remedy: sight.remedy,
    };
  }
  if (sight.kind === 'there') {
    const compared = compare(world, placement, sight.observed, foundation);
    if (compared.kind === 'same') return judgeSame(world, placement, sight.observed);
    if (foundation?.kind === 'held') return heldWithFoundation(foundation, placement);
    // An optional name cannot be corrected without its optional base; it is not asked for either.
    if (foundation?.kind === 'absent') return { kind: 'absent', observed: sight.observed };
    return judgeDifference(world, placement, sight.observed, compared);
  }
  if (foundation?.kind === 'held') return heldWithFoundation(foundation, placement);
  return judgeAbsence(world, placement);
}

/** What a cut-off run left aside is cleared away by doing the last step again. */
function judgeSame(
  world: World,
  placement: DesiredPlacement,
  observed: ObservedPlacement,
): ContentVerdict {
  if (observed.served === false) {
    const because = 'It is stored, and the engine does not serve it yet.';
    return { kind: 'build', reason: 'missing', because, replaces: observed, keepsContent: true };
  }
  if (observed.cutOff !== true || !isOurWork(world, placement.key, observed.digest))
    return { kind: 'satisfied', observed };
  const because = 'An earlier run was cut off before it had cleared away what was there.';
  return { kind: 'build', reason: 'config-drift', because, replaces: observed, keepsContent: true };
}

function judgeAbsence(world: World, placement: DesiredPlacement): ContentVerdict {
  if (placement.residency === 'optional') return { kind: 'absent', observed: null };
  const recorded = world.owned.get(placement.key)?.digest ?? null;
  const because =
    recorded === null ? 'It is not there.' : `It was there (${shortDigest(recorded)}) and is gone.`;
  return { kind: 'build', reason: 'missing', because, replaces: null };
}

/** Something else is there: replacing it is right only when the name is ours. */
function judgeDifference(
  world: World,
  placement: DesiredPlacement,
  observed: ObservedPlacement,
  compared: Exclude<Comparison, { kind: 'same' }>,
): ContentVerdict {
  const { takeOver } = world.options;
  const entry = world.owned.get(placement.key);
  const interrupted = world.ledger.interrupted.has(placement.key);
  const taken = takeOver.has(placement.name) || takeOver.has(placement.model);
  // A row without a digest was written before an action that never began: the name is not ours. Nor
  // is it after one that was cut off, when that can have left nothing but what is wanted.
  const cutOff = interrupted && placement.digest === null;
  const ours = entry !== undefined && (entry.digest !== null || cutOff);
  // What another set has on record and is no longer there is not what stands in the way.
  const others = (world.otherOwners.get(placement.key) ?? []).filter(
    ({ digest }) => digest === observed.digest,
  );
  const isOnlySettings = compared.kind === 'differs' && compared.reason === 'config-drift';
  const remedy = `To replace what is there:\n\n    modelctl apply --take-over ${placement.name}`;

  if (compared.kind === 'unverifiable' && !(ours && interrupted) && !taken) {
    return { kind: 'held', because: 'unverifiable', detail: compared.detail, remedy };
  }
  if (others.length > 0 && !taken) {
    return {
      kind: 'held',
      because: 'conflict',
      detail: `Another set (${others.map(({ set }) => set).join(', ')}) owns this name ${isOnlySettings ? 'and sets it up in another way' : 'with other content'}.`,
      remedy,
    };
  }
  if (!ours && !taken) {
    return {
      kind: 'held',
      because: 'conflict',
      detail: isOnlySettings
        ? `The name holds what is wanted, but is set up in another way, and not by modelctl (${shortDigest(observed.digest)}).`
        : `The name holds other content (${shortDigest(observed.digest)}) that modelctl did not put there.`,
      remedy,
    };
  }
  const because =
    compared.kind === 'differs' ? compared.because : 'An earlier run was cut off while making it.';
  const reason = compared.kind === 'differs' ? compared.reason : 'digest-drift';
  return { kind: 'build', reason, because, replaces: observed };
}

const heldWithFoundation = (
  foundation: Extract<ContentVerdict, { kind: 'held' }>,
  placement: DesiredPlacement,
): ContentVerdict => ({
  ...foundation,
  detail: `${builtOn(placement)} is held: ${foundation.detail}`,
});

const builtOn = ({ build }: DesiredPlacement): string =>
  build.kind === 'derive'
    ? `Its base ${build.base}`
    : `What it names${build.kind === 'alias' ? ` (${build.of})` : ''}`;

function compare(
  world: World,
  placement: DesiredPlacement,
  observed: ObservedPlacement,
  foundation: ContentVerdict | undefined,
): Comparison {
  if (placement.digest !== null) {
    const compared = compareDigest(placement.digest, observed.digest);
    if (compared.kind === 'same') return compareConfigured(placement, observed);
    const sameWeights =
      detailsOf(world, placement, observed)?.weights === placement.artifact.weights;
    return placement.build.kind === 'derive' && sameWeights ? recipeChanged : compared;
  }
  switch (placement.build.kind) {
    case 'source':
      return compareImport(world, placement, observed);
    case 'derive':
      return compareDerived(world, placement, placement.build.recipe, observed, foundation);
    case 'alias':
      return compareAlias(placement.build.of, observed, foundation);
  }
}

const compareDigest = (wanted: Digest, actual: Digest): Comparison =>
  wanted === actual
    ? { kind: 'same' }
    : {
        kind: 'differs',
        reason: 'digest-drift',
        because: `It is ${shortDigest(actual)}; locked is ${shortDigest(wanted)}.`,
      };

const recipeChanged: Comparison = {
  kind: 'differs',
  reason: 'config-drift',
  because: 'What it adds to its base changed.',
};

/** What engines keep beside a name, rather than in its content. */
const compareConfigured = (
  placement: DesiredPlacement,
  { configured }: ObservedPlacement,
): Comparison =>
  configured === undefined || sameJson(configured, clientLoad(placement))
    ? { kind: 'same' }
    : { kind: 'differs', reason: 'config-drift', because: 'What clients load it with changed.' };

function compareImport(
  world: World,
  placement: DesiredPlacement,
  observed: ObservedPlacement,
): Comparison {
  const made = madeOf(world, placement, observed.digest);
  const wanted = madeFrom(placement.build, placement.artifact, null);
  if (made === undefined) {
    return {
      kind: 'unverifiable',
      detail:
        'The engine rewrites imported files, and there is no record of what ' +
        `${shortDigest(observed.digest)} was made from.`,
    };
  }
  if (sameMade(made, wanted)) return { kind: 'same' };
  return {
    kind: 'differs',
    reason: 'digest-drift',
    because: `It was made from ${shortDigest(made.revision)}; locked is ${shortDigest(wanted.revision)}.`,
  };
}

function compareDerived(
  world: World,
  placement: DesiredPlacement,
  recipe: Recipe,
  observed: ObservedPlacement,
  foundation: ContentVerdict | undefined,
): Comparison {
  const base = heldBy(foundation);
  const made = madeOf(world, placement, observed.digest);
  // A base that is brought again may be the same as before, and one that is held now may be out of
  // sight; what was recorded of it still counts.
  const coming = foundation?.kind === 'build' ? comingDigest(world, placement) : made?.base;
  const baseDigest = base?.digest ?? coming ?? null;
  const wanted = madeFrom(placement.build, placement.artifact, baseDigest);
  if (made !== undefined && baseDigest !== null) return compareMade(made, wanted);
  if (foundation?.kind === 'build' && base === null) {
    return { kind: 'differs', reason: 'digest-drift', because: 'Its base is built anew.' };
  }
  const actual = detailsOf(world, placement, observed);
  const baseDetails = base && detailsOf(world, placement, base);
  if (actual === undefined || !baseDetails) {
    return { kind: 'unverifiable', detail: 'The engine does not tell what this was made from.' };
  }
  const sameWeights = actual.weights !== null && actual.weights === baseDetails.weights;
  if (sameWeights && sameJson(effectiveRecipe(baseDetails.recipe, recipe), actual.recipe)) {
    return { kind: 'same' };
  }
  return { kind: 'differs', reason: 'config-drift', because: 'Its effective parameters differ.' };
}

const comingDigest = (world: World, placement: DesiredPlacement): Digest | null =>
  foundationOf(world.desired, placement)?.digest ?? null;

function compareMade(made: ReturnType<typeof madeFrom>, wanted: typeof made): Comparison {
  if (sameMade(made, wanted)) return { kind: 'same' };
  if (made.recipe !== wanted.recipe) return recipeChanged;
  return { kind: 'differs', reason: 'digest-drift', because: 'Its base changed.' };
}

/** What is there of a foundation that stays as it is. */
function heldBy(foundation: ContentVerdict | undefined): ObservedPlacement | null {
  if (foundation?.kind === 'satisfied') return foundation.observed;
  return foundation?.kind === 'build' && foundation.keepsContent === true
    ? foundation.replaces
    : null;
}

function compareAlias(
  of: string,
  observed: ObservedPlacement,
  foundation: ContentVerdict | undefined,
): Comparison {
  const original = heldBy(foundation);
  if (original !== null) return compareDigest(original.digest, observed.digest);
  if (foundation?.kind !== 'build') {
    // Whatever is there, nothing says that it is what the alias should name.
    return { kind: 'unverifiable', detail: `${of} is not there to compare it with.` };
  }
  return { kind: 'differs', reason: 'digest-drift', because: `${of} is built anew.` };
}

/** A base's parameters stay in force unless the recipe names them. */
function effectiveRecipe(base: Recipe, own: Recipe): Recipe {
  const adapters = own.adapters ?? base.adapters;
  const system = own.system ?? base.system;
  const template = own.template ?? base.template;
  return {
    ...(system === undefined ? {} : { system }),
    ...(template === undefined ? {} : { template }),
    parameters: { ...base.parameters, ...own.parameters },
    ...(adapters === undefined ? {} : { adapters }),
  };
}
