// How an engine itself is set up and run, apart from the models it holds: what its manifest asks for,
// what is written down for its next start, and what it runs with now. Values are texts; a secret is
// told by where it is read from, so that none can get into a plan.
import type { HeldBecause } from './held.ts';
import type { Placement } from './key.ts';
import type { Origin, Problem } from './problem.ts';

/**
 * Stands for the engine where a placement has its name. No engine has a model of that name: it is
 * no name to Ollama, and in llama-server's presets it means all of them.
 */
export const engineName = '*';

/** By the engine's own words: variables of its environment, `program`, `arguments`. */
export type ServiceFields = Readonly<Record<string, string>>;

export interface DesiredService extends Pick<Placement, 'host' | 'backend'> {
  /** metadata.name of the Backend. */
  readonly owner: string;
  readonly fields: ServiceFields;
  /** The one field that says where the engine keeps its models; null where it has none. */
  readonly storeField: string | null;
  readonly origin: Origin;
}

export interface ObservedService {
  /** For its next start; null when nothing of ours is there. */
  readonly written: ServiceFields | null;
  /** What modelctl wrote last; null when it never did, or does not know. */
  readonly recorded: ServiceFields | null;
  /** What was written has not been seen to work: a run was cut off before the restart. */
  readonly untried: boolean;
  /**
   * Of what is wanted or written, what it runs with now. `unknown` where that cannot be read, which is
   * no difference; null when it does not run.
   */
  readonly running: ServiceFields | 'unknown' | null;
  /** It runs, and nobody would start it again. */
  readonly unattended: boolean;
  /** Why it does not answer, where that is known; null when it does, or nobody can say. */
  readonly problem: Problem | null;
  /** Why it cannot be changed from here; null when it can. */
  readonly obstacle: ServiceObstacle | null;
}

export interface ServiceObstacle {
  readonly because: Extract<HeldBecause, 'needs-privilege' | 'conflict' | 'unsupported'>;
  readonly detail: string;
  readonly remedy: string;
}

/** One setting, as it is and as it should be; null: it is not set. */
export interface SettingChange {
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Pure. Sorted by name; none when the two are the same. */
export function settingChanges(
  before: ServiceFields,
  after: ServiceFields,
): readonly SettingChange[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return fields
    .map((field) => ({ field, before: before[field] ?? null, after: after[field] ?? null }))
    .filter((change) => change.before !== change.after);
}
