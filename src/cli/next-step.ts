// What a person is likely to want next, as a line to copy.
import type { Reconciliation } from '../reconcile.ts';

/** Ends with an empty line; empty itself when the run did nothing, or nothing can be talked to. */
export function nextStep({ changes, desired }: Reconciliation, program: string): string {
  if (changes === null || changes.entries.length === 0 || desired === null) return '';
  const touched = new Set(
    changes.entries
      .filter(({ action }) => action.kind !== 'evict')
      .map(({ action }) => action.model),
  );
  for (const placement of desired.placements.values()) {
    if (placement.role !== 'model' || !touched.has(placement.model)) continue;
    if (onlyEmbeds.test(placement.artifact.facts.architecture ?? '')) continue;
    return `Try next:\n\n    ${program} run ${placement.model} "hello"\n`;
  }
  return '';
}

/** Architectures that turn text into numbers and answer nothing: bert, nomic-bert, xlm-roberta. */
const onlyEmbeds = /bert/;
