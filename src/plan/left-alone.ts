// What could be done and is left alone: what a person suspended, what a Model's driftPolicy says to
// leave, what others undo again and again, what does not come right however often it is done. Pure;
// the last two are asked by a loop only, since a person who runs `apply` means it.
import type { DesiredPlacement } from '../core/desired.ts';
import type { HeldBecause } from '../core/held.ts';
import { correctionOf, modelOfSet, placementOfSet } from '../core/inventory.ts';
import { wantedDigest } from '../core/wanted.ts';
import type { Suspension } from '../core/wish.ts';
import { driftOf, type SeenDrift } from './drift.ts';
import type { Judged } from './judge.ts';
import type { World } from './world.ts';

/** Within an hour; see the design of residency. */
const reloadsMax = 3;

interface Why {
  readonly because: HeldBecause;
  readonly detail: string;
  readonly remedy: string;
  readonly untilEdited?: boolean;
}

export function leftAlone(world: World, verdict: Omit<Judged, 'drift'>): Judged {
  const { placement, content, residency } = verdict;
  const suspension = suspensionOf(world, placement.model);
  if (suspension !== undefined) {
    const held = { kind: 'held' as const, ...suspended(suspension) };
    return { placement, content: held, residency: { kind: 'satisfied' }, drift: null };
  }
  const isBuilt = content.kind === 'build';
  const isMoved = residency.kind === 'load' || residency.kind === 'unload';
  if (!isBuilt && !isMoved) return { ...verdict, drift: null };
  const seen = driftOf(world, placement, content, residency);
  const drift = seen?.drift ?? null;
  if (seen?.isUndone === true && placement.driftPolicy === 'Ignore') {
    const absent = { kind: 'absent' as const, observed: isBuilt ? content.replaces : null };
    return {
      placement,
      content: isBuilt ? absent : content,
      residency: { kind: 'satisfied' },
      drift: null,
    };
  }
  const why = reasonToLeave(world, placement, seen, isBuilt);
  if (why === null) return { ...verdict, drift: seen };
  const shown = drift === null ? null : seen;
  return isBuilt
    ? {
        placement,
        content: { kind: 'held', ...why },
        residency: { kind: 'satisfied' },
        drift: shown,
      }
    : { placement, content, residency: { kind: 'held', ...why }, drift: shown };
}

function reasonToLeave(
  world: World,
  placement: DesiredPlacement,
  seen: SeenDrift | null,
  isBuilt: boolean,
): Why | null {
  const what = world.options.loop?.nonConverging.get(placement.key);
  if (what !== undefined) return nonConverging(placement, what);
  if (seen?.isUndone !== true) return null;
  if (placement.driftPolicy === 'Warn') return tolerated(placement, seen);
  return world.options.loop === null ? null : contestOf(world, placement, isBuilt);
}

export const suspensionOf = (world: World, model: string): Suspension | undefined =>
  world.ledger.suspended.get(modelOfSet(world.desired.set, model));

export const suspended = ({ model, until, reason, who }: Suspension): Why => ({
  because: 'suspended',
  detail: `Suspended by ${who} until ${new Date(until).toISOString()}: ${reason}.`,
  remedy: `modelctl resume ${model}`,
});

const tolerated = ({ model }: DesiredPlacement, { drift }: SeenDrift): Why => ({
  because: 'drift',
  detail: `Somebody else changed it, and its driftPolicy is Warn: ${drift.because}`,
  remedy: `Set spec.lifecycle.driftPolicy of Model/${model} to Correct to have it corrected.`,
});

function contestOf(world: World, placement: DesiredPlacement, isBuilt: boolean): Why | null {
  const { ledger, desired } = world;
  const wanted = wantedDigest(placement);
  const { key, model } = placement;
  const done = ledger.corrections.get(correctionOf(desired.set, key, wanted));
  const remedy = `Find out who changes it. To have it brought again: edit the Model, or\n\n    modelctl resume ${model}`;
  if (isBuilt) {
    const isGivenUp = ledger.contested.get(placementOfSet(desired.set, key)) === wanted;
    if (!isGivenUp && (done?.builds ?? 0) === 0) return null;
    const detail = 'Somebody else undid it twice within an hour; it is left alone.';
    return { because: 'contested', detail, remedy, untilEdited: true };
  }
  if ((done?.loads ?? 0) < reloadsMax) return null;
  const detail = `It was loaded again ${reloadsMax} times within an hour, and is unloaded again.`;
  return { because: 'contested', detail, remedy };
}

const nonConverging = ({ model }: DesiredPlacement, what: string): Why => ({
  because: 'non-converging',
  detail: `It was done three times, and each time ${what} was as before.`,
  remedy: `See what the engine makes of it, and edit Model/${model}:\n\n    modelctl diff`,
});
