// What people asked of this loop and has not been answered: each waits until the set, and then the
// engines that it is about, have been looked at from beginning to end after it was asked. Pure but
// for its own list.

import type { ChangeSet } from '../core/changeset.ts';
import { heldExitCode } from '../core/held.ts';
import { backendKey } from '../core/key.ts';
import type { Plan } from '../core/plan.ts';
import type { Problem } from '../core/problem.ts';
import type { ReconcileAnswer, ReconcileAsk } from '../core/wish.ts';
import type { Declaration } from '../declare.ts';

/** The key of the work on the set; engines have their `backendKey`, which has a bar in it. */
export const setWork = 'set';

interface Pending {
  readonly ask: ReconcileAsk;
  /** Not begun since it was asked, or since then not ended. */
  readonly waitsFor: Map<string, 'start' | 'end'>;
  isAtSet: boolean;
}

export interface LastLook {
  readonly plan: Plan;
  readonly changes: ChangeSet | null;
}

export interface Asks {
  readonly add: (ask: ReconcileAsk) => void;
  readonly started: (key: string) => void;
  /** Those that are through with what `key` was. */
  readonly ended: (key: string) => readonly Pending[];
  /** After the set, the engines: asked for by whoever calls. */
  readonly goOn: (pending: Pending, backends: readonly string[]) => void;
  readonly drop: (pending: Pending) => void;
}

export function createAsks(): Asks {
  const all = new Map<string, Pending>();
  return {
    add: (ask) => {
      if (all.has(ask.id)) return;
      all.set(ask.id, { ask, waitsFor: new Map([[setWork, 'start']]), isAtSet: true });
    },
    started: (key) => {
      for (const { waitsFor } of all.values()) {
        if (waitsFor.get(key) === 'start') waitsFor.set(key, 'end');
      }
    },
    ended: (key) =>
      [...all.values()].filter(({ waitsFor }) => {
        if (waitsFor.get(key) !== 'end') return false;
        waitsFor.delete(key);
        return waitsFor.size === 0;
      }),
    goOn: (pending, backends) => {
      pending.isAtSet = false;
      for (const key of backends) pending.waitsFor.set(key, 'start');
    },
    drop: ({ ask }) => void all.delete(ask.id),
  };
}

/** Engines on which something of this name is wanted or held; null: nothing is called so. */
export function enginesOf(
  name: string | null,
  { resolved, manifests }: Declaration,
): readonly string[] | null {
  const { desired, engines } = resolved;
  if (name === null) return [...engines.keys()];
  const wanted = [...desired.placements.values(), ...desired.held].filter((one) => isOf(one, name));
  if (wanted.length > 0) return [...new Set(wanted.map(backendKey))];
  const isDeclared = manifests.resources.some(
    (one) => one.kind === 'Model' && one.metadata.name === name,
  );
  return isDeclared ? [] : null;
}

const isOf = (one: { readonly name: string; readonly model: string }, name: string): boolean =>
  one.model === name || one.name === name || one.name === `${name}:latest`;

export function answerOf(name: string | null, looks: readonly LastLook[]): ReconcileAnswer {
  const isMeant = (one: { readonly name: string; readonly model: string }): boolean =>
    name === null || isOf(one, name);
  const held = looks.flatMap(({ plan }) => plan.held.filter(isMeant));
  const failed = looks.flatMap(({ changes }) =>
    (changes?.entries ?? []).filter(
      ({ action, outcome }) => isMeant(action) && (outcome === 'failed' || outcome === 'unknown'),
    ),
  );
  const details = [
    ...failed.map(({ action, problem }) => `${action.name}: ${problem?.detail ?? 'It failed.'}`),
    ...held.map((one) => `${one.name}: ${one.because}. ${one.detail}`),
  ];
  if (failed.length > 0) return { outcome: 'failed', exitCode: 3, details };
  const codes = held.map(({ because }) => heldExitCode(because));
  const exitCode = codes.includes(6) ? 6 : codes.includes(3) ? 3 : 0;
  return { outcome: held.length > 0 ? 'held' : 'converged', exitCode, details };
}

export const unusableAnswer = (problems: readonly Problem[]): ReconcileAnswer => ({
  outcome: 'failed',
  exitCode: 1,
  details: problems
    .filter(({ severity }) => severity === 'error')
    .map(({ summary, detail }) => `${summary}: ${detail}`),
});

export const unknownAnswer: ReconcileAnswer = { outcome: 'unknown', exitCode: 1, details: [] };
