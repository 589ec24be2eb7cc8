// What a plan costs in total, for people and for output documents. The planner's own arithmetic
// (what fits, and when) does not use it.
import type { Plan } from './plan.ts';

export interface PlanTotals {
  readonly downloadBytes: number;
  /** Of what is built. What evictions free is counted apart. */
  readonly diskBytes: number;
  readonly freesBytes: number;
  /** Of what is loaded, at the least. */
  readonly memoryBytes: number;
  /** Figures that nobody knows, as in `disk of qwen3:8b`: the sums leave them out. */
  readonly unknown: readonly string[];
}

export function planTotals(plan: Pick<Plan, 'actions'>): PlanTotals {
  let downloadBytes = 0;
  let diskBytes = 0;
  let freesBytes = 0;
  let memoryBytes = 0;
  const unknown: string[] = [];
  for (const { kind, name, bytes } of plan.actions) {
    downloadBytes += bytes.download;
    if (kind === 'load') {
      if (bytes.memory === null) unknown.push(`memory of ${name}`);
      else memoryBytes += bytes.memory;
    } else if (bytes.disk === null) unknown.push(`disk of ${name}`);
    else if (bytes.disk >= 0) diskBytes += bytes.disk;
    else freesBytes -= bytes.disk;
  }
  return { downloadBytes, diskBytes, freesBytes, memoryBytes, unknown };
}
