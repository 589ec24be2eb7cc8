// What a loop tells people, each thing once: a problem when it begins and not again while it lasts, a
// Model when it stands in another way than before. That nothing changed is never told.
import { canonicalJson } from '../core/canonical.ts';
import type { Condition } from '../core/condition.ts';
import type { Problem } from '../core/problem.ts';
import type { Report } from '../core/progress.ts';
import { changedConditions } from './conditions.ts';

export interface News {
  /** All that is amiss with a piece of work now. */
  readonly problems: (key: string, now: readonly Problem[]) => void;
  readonly conditions: (key: string, now: ReadonlyMap<string, Condition>) => void;
  /** What is amiss with it, as it was told. */
  readonly told: (key: string) => readonly Problem[];
  readonly forget: (key: string) => void;
}

export function createNews(report: Report): News {
  const problems = new Map<string, ReadonlyMap<string, Problem>>();
  const conditions = new Map<string, ReadonlyMap<string, Condition>>();
  return {
    problems: (key, now) => {
      const before = problems.get(key);
      for (const problem of now) {
        if (before?.has(canonicalJson(problem)) !== true) report({ kind: 'problem', problem });
      }
      problems.set(key, new Map(now.map((problem) => [canonicalJson(problem), problem])));
    },
    conditions: (key, now) => {
      for (const condition of changedConditions(conditions.get(key), now)) {
        report({ kind: 'condition', condition });
      }
      conditions.set(key, now);
    },
    told: (key) => [...(problems.get(key)?.values() ?? [])],
    forget: (key) => {
      problems.delete(key);
      conditions.delete(key);
    },
  };
}
