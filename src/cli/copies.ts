// Names that stand for the same weights. On one engine they share the bytes; on several each has
// its own copy. Pure.
import type { Digest } from '../core/digest.ts';
import { backendKey } from '../core/key.ts';
import type { SurveyedModel } from '../core/surveyed.ts';

export interface Copies {
  /** Of the weights; of the whole name where its engine does not tell. */
  readonly digest: Digest;
  /** Of one copy. */
  readonly bytes: number;
  /** What is stored beyond the first copy. */
  readonly wastedBytes: number;
  readonly names: readonly SurveyedModel[];
}

/** Only what has more than one name, the most wasteful first. */
export function copiesOf(models: readonly SurveyedModel[]): readonly Copies[] {
  const groups = Map.groupBy(models, ({ weights, digest }) => weights ?? digest);
  const copies: Copies[] = [];
  for (const [digest, names] of groups) {
    if (digest === null || names.length < 2) continue;
    const bytes = names.reduce((most, one) => Math.max(most, one.bytes ?? 0), 0);
    const engines = new Set(names.map(backendKey)).size;
    copies.push({ digest, bytes, wastedBytes: bytes * (engines - 1), names });
  }
  return copies.toSorted((a, b) => b.wastedBytes - a.wastedBytes || b.bytes - a.bytes);
}
