// Did somebody else change a placement of ours? What was never brought about yet, and what differs
// because the manifests were edited, is no drift. Pure.

import type { DesiredPlacement } from '../core/desired.ts';
import { shortDigest } from '../core/digest.ts';
import { backendKey } from '../core/key.ts';
import type { Drift } from '../core/plan.ts';
import { wantedDigest } from '../core/wanted.ts';
import type { ContentVerdict } from './content.ts';
import type { ResidencyVerdict } from './residency.ts';
import type { World } from './world.ts';

export interface SeenDrift {
  readonly drift: Drift;
  /** All of what is wanted now was so already: nothing but somebody else's doing differs. */
  readonly isUndone: boolean;
}

export function driftOf(
  world: World,
  placement: DesiredPlacement,
  content: ContentVerdict,
  residency: ResidencyVerdict,
): SeenDrift | null {
  if (content.kind !== 'build' && residency.kind !== 'load') return null;
  const recorded = world.owned.get(placement.key);
  if (recorded === undefined || recorded.digest === null) return null;
  const { host, backend, name, model } = placement;
  const at = { host, backend, name, model };
  const isSettled = recorded.settled === wantedDigest(placement);
  // What a run of ours was cut off at is our own doing.
  const isUndone = isSettled && !world.ledger.interrupted.has(placement.key);
  if (content.kind === 'build') {
    const { reason, replaces } = content;
    if (replaces?.digest === recorded.digest) {
      if (!isUndone || replaces.cutOff === true) return null;
      return { drift: { ...at, reason, because: content.because }, isUndone };
    }
    const now = replaces === null ? 'is gone' : `is ${shortDigest(replaces.digest)}`;
    const because = `It was ${shortDigest(recorded.digest)} and ${now}.`;
    return { drift: { ...at, reason, because }, isUndone };
  }
  if (residency.kind !== 'load' || recorded.residency !== placement.residency) return null;
  // Never loaded so far, or it is to be loaded in another way than it was, or we are the ones that
  // take it from memory.
  if (!isSettled || world.restarting?.has(backendKey(placement)) === true) return null;
  const { reason, because } = residency;
  return { drift: { ...at, reason, because }, isUndone };
}
