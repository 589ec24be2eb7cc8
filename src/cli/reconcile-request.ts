// From the flags of plan, diff and apply to the request that the pipeline takes, and the one way
// in which commands name their manifests.
import { parseDuration } from '../core/duration.ts';
import { errorProblem, ProblemError } from '../core/problem.ts';
import { parseRate } from '../core/rate.ts';
import type { ReconcileRequest } from '../reconcile.ts';
import { type Arguments, countOf, isSet, valueOf, valuesOf } from './arguments.ts';

type Planning = Omit<ReconcileRequest, 'mode'>;

/** Throws ProblemError when no -f was given. */
export function planningOf(given: Arguments): Planning {
  const allowEvictions = countOf(given, 'allow-evictions');
  const host = valueOf(given, 'host');
  // A loop is about all that is declared.
  const hasTargets = given.command?.flags.some(({ name }) => name === 'target') === true;
  const targets = hasTargets ? valuesOf(given, 'target') : [];
  return {
    inputs: inputsOf(given),
    prune: isSet(given, 'prune'),
    locked: isSet(given, 'locked'),
    takeOver: valuesOf(given, 'take-over'),
    sameSet: isSet(given, 'same-set'),
    ...(allowEvictions === undefined ? {} : { allowEvictions }),
    ...(host === undefined ? {} : { host }),
    ...(targets.length === 0 ? {} : { targets }),
  };
}

/** What -f named. Throws ProblemError when that is nothing. */
export function inputsOf(given: Arguments): readonly string[] {
  const inputs = valuesOf(given, 'filename');
  if (inputs.length > 0) return inputs;
  const command = given.command?.name ?? '';
  throw new ProblemError(
    errorProblem({
      code: 'cli/missing-file',
      summary: 'No manifest was named',
      detail: `${command} needs to know which manifests are meant.`,
      remedy: `Name a file, a folder or a glob; \`modelctl init\` writes a first one:\n\n    modelctl ${command} -f models.yaml`,
    }),
  );
}

/** Milliseconds of --lock-timeout; parsing has checked that it is a duration. */
export function lockTimeoutMsOf(given: Arguments): number {
  const parsed = parseDuration(valueOf(given, 'lock-timeout') ?? '0');
  return typeof parsed === 'number' ? parsed : 0;
}

/** Of --limit-rate; parsing has checked that it is a rate. */
export function rateLimitOf(given: Arguments): Pick<ReconcileRequest, 'rateLimit'> {
  const rateLimit = parseRate(valueOf(given, 'limit-rate') ?? '');
  return rateLimit === null ? {} : { rateLimit };
}
