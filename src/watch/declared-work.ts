// The piece of work that is about the set as a whole: load and resolve, and bring the lock up to
// date before any engine is acted on. What cannot be read leaves the revision before it in force.

import { compareText } from '../core/canonical.ts';
import type { Digest } from '../core/digest.ts';
import { sha256Json } from '../core/hash.ts';
import { backendKey } from '../core/key.ts';
import type { Problem } from '../core/problem.ts';
import { type Declaration, declare, type Surroundings } from '../declare.ts';
import type { ReconcileRequest } from '../reconcile.ts';
import { writeLock } from '../resolve/lock-update.ts';
import type { Hold } from './hold.ts';

export type DeclaredEnd =
  | {
      readonly kind: 'declared';
      readonly declaration: Declaration;
      readonly problems: readonly Problem[];
    }
  /** The inputs, or what they refer to, cannot be used now. */
  | { readonly kind: 'unusable'; readonly problems: readonly Problem[] }
  /** Another process has the lock of this machine. */
  | { readonly kind: 'busy'; readonly problem: Problem };

export async function declareSet(
  request: ReconcileRequest,
  around: Surroundings,
  hold: Hold,
): Promise<DeclaredEnd> {
  const seen = await declare(request, around);
  if (!seen.ok) return { kind: 'unusable', problems: seen.problems };
  if (seen.value.lockUpdate.text === null) {
    return { kind: 'declared', declaration: seen.value, problems: seen.problems };
  }
  // What gates a write must not be stale: once more, now that nobody else acts on this machine.
  const outcome = await hold.during(async ({ ledger }): Promise<DeclaredEnd> => {
    const again = await declare(request, { ...around, ledger });
    if (!again.ok) return { kind: 'unusable', problems: again.problems };
    const { setState, lockUpdate } = again.value;
    if (lockUpdate.text !== null) await writeLock(setState, lockUpdate.text, around.io);
    const now = await declare(request, { ...around, ledger });
    return now.ok
      ? { kind: 'declared', declaration: now.value, problems: now.problems }
      : { kind: 'unusable', problems: now.problems };
  });
  return outcome.kind === 'refused' ? { kind: 'busy', problem: outcome.problem } : outcome.value;
}

/** What is declared for each engine, in one digest: who differs has to be looked at at once. */
export function partsOf({ resolved }: Declaration): ReadonlyMap<string, Digest> {
  const { desired, engines } = resolved;
  const shared = [desired.complete, [...desired.heldModels].toSorted()];
  const placements = Map.groupBy(desired.placements.values(), backendKey);
  const held = Map.groupBy(desired.held, backendKey);
  return new Map(
    [...new Set([...engines.keys(), ...placements.keys()])].map((key) => [
      key,
      sha256Json([
        shared,
        (placements.get(key) ?? [])
          .toSorted((a, b) => compareText(a.key, b.key))
          .map(({ artifact, origin: _, ...placement }) => [artifact.revision, placement]),
        (held.get(key) ?? []).map(({ name, because }) => [name, because]),
      ]),
    ]),
  );
}
