// What may start now? Pure: the plan, what has ended and what runs go in, the actions to start
// come out. The rules that keep an engine safe are all here.
import type { Outcome } from '../core/changeset.ts';
import { backendKey } from '../core/key.ts';
import type { Action, ActionId } from '../core/plan.ts';

export interface Limits {
  /** Actions at the same time, over all engines. */
  readonly totalMax: number;
  /** Pulls and creates at the same time on one engine. */
  readonly buildsMax: number;
}

export const defaultLimits: Limits = { totalMax: 8, buildsMax: 2 };

export interface Progress {
  readonly ended: ReadonlyMap<ActionId, Outcome>;
  readonly running: ReadonlyMap<ActionId, Action>;
}

export interface Next {
  readonly start: readonly Action[];
  /** They wait for something that did not succeed: they are not done in this run. */
  readonly drop: readonly Action[];
}

const notDone: ReadonlySet<Outcome> = new Set(['failed', 'skipped', 'unknown']);

export function nextActions(actions: readonly Action[], progress: Progress, limits: Limits): Next {
  const start: Action[] = [];
  const drop: Action[] = [];
  const running = [...progress.running.values()];
  const open = actions.filter(({ id }) => !progress.ended.has(id) && !progress.running.has(id));
  for (const action of open) {
    const before = action.after.map((id) => progress.ended.get(id));
    if (before.some((outcome) => outcome !== undefined && notDone.has(outcome))) {
      drop.push(action);
      continue;
    }
    if (before.includes(undefined)) continue;
    const busy = [...running, ...start];
    if (busy.length >= limits.totalMax) break;
    if (mayStart(action, busy, open, limits)) start.push(action);
  }
  return { start, drop };
}

function mayStart(
  action: Action,
  busy: readonly Action[],
  open: readonly Action[],
  limits: Limits,
): boolean {
  const key = backendKey(action);
  const here = busy.filter((other) => backendKey(other) === key);
  switch (action.kind) {
    // Whatever else goes on there would be cut off.
    case 'configure':
    case 'restart':
      return here.length === 0;
    // An eviction removes blobs that no name needs at that moment; a build beside it may just have
    // counted one of them as present. They never overlap, and evictions come last.
    case 'evict':
      return (
        !here.some((other) => isBuild(other) || other.kind === 'evict') &&
        !open.some(
          (other) =>
            isBuild(other) && backendKey(other) === key && !other.after.includes(action.id),
        )
      );
    case 'pull':
    case 'create':
      return (
        !here.some((other) => other.kind === 'evict') &&
        here.filter(isBuild).length < limits.buildsMax
      );
    // One change of memory at a time: what a load finds free is then still free.
    case 'load':
    case 'unload':
      return !here.some((other) => other.kind === 'load' || other.kind === 'unload');
  }
}

const isBuild = ({ kind }: Action): boolean => kind === 'pull' || kind === 'create';
