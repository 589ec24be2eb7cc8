// How each Model stands, in one word and a reason, as a loop sees it: what people are told when it
// changes, and nothing else. Pure.

import { compareText } from '../core/canonical.ts';
import type { ChangeSet } from '../core/changeset.ts';
import type { Condition } from '../core/condition.ts';
import type { HeldBecause } from '../core/held.ts';
import type { Plan } from '../core/plan.ts';

/** What may pass by itself; everything else needs a person. */
const passing: ReadonlySet<HeldBecause> = new Set(['unreachable', 'in-use', 'does-not-fit']);

type Bare = Omit<Condition, 'backend' | 'revision'>;

/** Of one engine: the worst of what is said of a Model's names there, by Model. */
export function conditionsOf(
  backend: string,
  plan: Plan,
  changes: ChangeSet | null,
): ReadonlyMap<string, Condition> {
  const found = new Map<string, Condition>();
  const say = (bare: Bare): void => {
    const known = found.get(bare.model);
    if (known !== undefined && rank[known.state] >= rank[bare.state]) return;
    found.set(bare.model, { ...bare, backend, revision: plan.revision });
  };
  for (const { model } of plan.unchanged) {
    say({ model, state: 'Ready', reason: 'AsDeclared', detail: null });
  }
  for (const { model, because, detail } of plan.held) {
    const state = passing.has(because) ? 'Reconciling' : 'Stalled';
    say({ model, state, reason: camelCase(because), detail });
  }
  const ended = new Map(changes?.entries.map((entry) => [entry.action.id, entry]));
  for (const action of plan.actions) {
    const { model, because } = action;
    const entry = ended.get(action.id);
    if (entry === undefined || entry.outcome === 'skipped' || entry.outcome === 'unknown') {
      say({ model, state: 'Reconciling', reason: 'Progressing', detail: because });
    } else if (entry.outcome === 'failed') {
      const { problem } = entry;
      const isPassing = problem?.retry === 'later';
      const reason = isPassing ? 'ProgressingWithRetry' : 'ActionFailed';
      const state = isPassing ? 'Reconciling' : 'Stalled';
      say({ model, state, reason, detail: problem?.detail ?? because });
    } else {
      say({ model, state: 'Ready', reason: 'AsDeclared', detail: null });
    }
  }
  return found;
}

const rank = { Ready: 0, Reconciling: 1, Stalled: 2 } as const;

/** `upstream-moved` is `UpstreamMoved`. */
const camelCase = (because: HeldBecause): string =>
  because.replaceAll(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());

/** What is to be told: in which state or for which reason a Model is now, and was not before. */
export const changedConditions = (
  before: ReadonlyMap<string, Condition> | undefined,
  after: ReadonlyMap<string, Condition>,
): readonly Condition[] =>
  [...after.values()]
    .filter(({ model, state, reason }) => {
      const known = before?.get(model);
      // That all is well from the start on is no news.
      if (known === undefined) return state !== 'Ready';
      return known.state !== state || known.reason !== reason;
    })
    .toSorted((a, b) => compareText(a.model, b.model));
