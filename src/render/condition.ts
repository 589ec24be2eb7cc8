// What a loop tells of its own: a revision that it took up, a Model that stands in another way.
import { basename } from 'node:path';
import type { Condition } from '../core/condition.ts';
import { shortDigest } from '../core/digest.ts';
import type { Revision } from '../core/progress.ts';
import { escapeText } from './escape.ts';
import { count } from './quantity.ts';
import { renderSentence } from './redact.ts';

/** `models.yaml changed: 3 models, revision 3bfc269594ef`. */
export function renderRevision({ digest, models, files }: Revision): string {
  const [first] = files;
  const more = files.length > 1 ? ` and ${files.length - 1} more` : '';
  const what = first === undefined ? 'Following' : `${escapeText(basename(first))}${more} changed:`;
  return `${what} ${count(models, 'model')}, revision ${shortDigest(digest)}`;
}

/** `coder: Stalled (Contested). Somebody else …`; null for what other lines tell already. */
export function renderCondition({ model, state, reason, detail }: Condition): string | null {
  if (reason === 'Progressing' || reason === 'Unreachable') return null;
  const why = detail === null ? '' : ` ${renderSentence(detail)}`;
  return `${escapeText(model)}: ${state} (${reason}).${why}`;
}
