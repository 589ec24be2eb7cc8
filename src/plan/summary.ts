// The parts of a plan that are not actions: what is as it should be, what is held and why, what
// someone else changed. Together with the actions they account for every wanted name.
import type { Held } from '../core/held.ts';
import { wasFound } from '../core/inventory.ts';
import { backendKey, byPlacement } from '../core/key.ts';
import type { Drift, Unchanged } from '../core/plan.ts';
import type { Judged, Veto } from './judge.ts';
import type { Leaving } from './leaving.ts';
import { isInScope, type World } from './world.ts';

export const unchangedOf = (world: World, judged: readonly Judged[]): readonly Unchanged[] =>
  judged.flatMap(({ placement, content, residency }) => {
    if (content.kind !== 'satisfied' || residency.kind !== 'satisfied') return [];
    const { key, host, backend, name, model, role } = placement;
    return [
      {
        host,
        backend,
        name,
        model,
        role,
        digest: content.observed.digest,
        residency: placement.residency,
        adopted: wasFound(content.observed.digest, {
          own: world.owned.get(key),
          others: world.otherOwners.get(key) ?? [],
          wasCutOff: world.ledger.interrupted.has(key),
        }),
      },
    ];
  });

export function heldOf(
  world: World,
  judged: readonly Judged[],
  leavers: Leaving,
  refused: ReadonlyMap<string, Veto>,
): readonly Held[] {
  const wanted = judged.flatMap(({ placement, content, residency }): Held[] => {
    const { host, backend, name, model, origin } = placement;
    const at = { host, backend, name, model, origin };
    if (content.kind === 'held') {
      const { because, detail, remedy, untilEdited } = content;
      const lasting = untilEdited === true ? { untilEdited } : {};
      return [{ ...at, because, detail, remedy, ...lasting }];
    }
    if (residency.kind === 'held') {
      const { because, detail, remedy } = residency;
      return [{ ...at, because, detail, remedy }];
    }
    if (residency.kind === 'no-slot') {
      const remedy = 'Let the engine keep more, or declare fewer of them as loaded.';
      return [{ ...at, because: 'does-not-fit', detail: residency.detail, remedy }];
    }
    if (residency.kind !== 'in-use') return [];
    const remedy = 'It is corrected once it is idle.';
    return [{ ...at, because: 'in-use', detail: residency.detail, remedy }];
  });
  const guarded = leavers.victims.flatMap(({ entry }): Held[] => {
    const veto = refused.get(backendKey(entry));
    const { host, backend, name, model } = entry;
    return veto === undefined ? [] : [{ host, backend, name, model, ...veto }];
  });
  const resolved = world.desired.held.filter(
    (held) => (world.options.targets?.has(held.model) ?? true) && isInScope(world, held),
  );
  return [...resolved, ...wanted, ...leavers.held, ...guarded].toSorted(byPlacement);
}

/** What changed behind our back: recorded one way, seen another. */
export const drifts = (judged: readonly Judged[]): readonly Drift[] =>
  judged.flatMap(({ drift }) => drift?.drift ?? []);
