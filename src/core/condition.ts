// How a Model stands on an engine, as a loop that keeps running tells it.
import type { Digest } from './digest.ts';

export interface Condition {
  /** metadata.name */
  readonly model: string;
  /** Id of the backend. */
  readonly backend: string;
  /** `Reconciling` goes on by itself; `Stalled` needs a person, an edit, or somebody to give way. */
  readonly state: 'Ready' | 'Reconciling' | 'Stalled';
  /** One word: `AsDeclared`, `Progressing`, `Contested`, `NonConverging` … */
  readonly reason: string;
  readonly detail: string | null;
  /** Of what is declared, when it was seen so. */
  readonly revision: Digest;
}
