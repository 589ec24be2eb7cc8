// In which order a plan is shown and begun: the same for the same content, however the inputs
// were shuffled, and every action behind what it waits for.
import { type Placement, placementKey } from '../core/key.ts';
import type { Action, ActionId, ActionKind } from '../core/plan.ts';

export const actionId = (kind: ActionKind, placement: Placement): ActionId =>
  `${kind}|${placementKey(placement)}`;

/**
 * Sorts by what is waited for, and otherwise keeps the order given. Actions that wait for one
 * another would be a bug of the planner; the executor asserts that there are none.
 */
export function inOrder<A extends Action>(actions: readonly A[]): readonly A[] {
  const byId = new Map(actions.map((action) => [action.id, action]));
  const placed = new Set<ActionId>();
  const sorted: A[] = [];
  const place = (action: A): void => {
    if (placed.has(action.id)) return;
    placed.add(action.id);
    for (const id of action.after) {
      const before = byId.get(id);
      if (before !== undefined) place(before);
    }
    sorted.push(action);
  };
  for (const action of actions) place(action);
  return sorted;
}
