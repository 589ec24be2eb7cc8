// What a validator found in one object, as wordings. Loaded only when something was found: it
// brings the schemas and all sentences with it, which a run without mistakes need not read.
import type { Kind } from '../core/resource.ts';
import type { SchemaError } from '../generated/validators.js';
import { formatPath, valueAt } from './field-path.ts';
import { problemsPerFileMax } from './limits.ts';
import { findings } from './schema-errors.ts';
import { type Wording, wordingsOf } from './schema-problems.ts';
import { sourceAdvice } from './source-advice.ts';

/** Pure. `object` is what the validator of `kind` refused. */
export function describe(
  errors: readonly SchemaError[],
  kind: Kind,
  object: unknown,
): readonly Wording[] {
  // Finding the place of each takes time, and nobody reads more than these.
  const found = findings(errors.slice(0, errorsMax), kind, object).slice(0, problemsPerFileMax);
  return wordingsOf(found, kind).map((wording) => {
    const value = valueAt(object, wording.path);
    const isSource = kind === 'Model' && formatPath(wording.path) === 'spec.source';
    return isSource && typeof value === 'string' ? { ...wording, ...sourceAdvice(value) } : wording;
  });
}

/** A value with several forms takes a few errors for each thing that is wrong with it. */
const errorsMax = 10 * problemsPerFileMax;
