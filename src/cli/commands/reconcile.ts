// `modelctl reconcile NAME`: asks the running watch to look now, and waits for what came of it.
import { parseDuration } from '../../core/duration.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import { listDocument } from '../../render/document.ts';
import { escapeText } from '../../render/escape.ts';
import { renderSentence } from '../../render/redact.ts';
import { type Asked, askWatches } from '../../wishes.ts';
import { type Arguments, isSet, valueOf } from '../arguments.ts';
import type { CommandRun } from '../command-context.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

const timeoutMsDefault = 5 * 60_000;

export const reconcile: CommandRun = async ({ given, output, signal, ...context }) => {
  const name = nameOf(given);
  const isWaiting = isSet(given, 'wait');
  const parsed = parseDuration(valueOf(given, 'timeout') ?? '');
  const timeoutMs = typeof parsed === 'number' ? parsed : timeoutMsDefault;
  const io = await context.io();
  const asked = await askWatches(name, { timeoutMs: isWaiting ? timeoutMs : null }, { io, signal });
  // Of several watches the one that knows the name answers for it.
  const known = asked.filter(({ answer }) => answer?.outcome !== 'unknown');
  if (known.length === 0) throw unknownName(name ?? '');
  const code = isWaiting ? worst(known) : exitCode.done;
  await output.document(listDocument('ReconcileAnswerList', known.map(answerItem)), code);
  for (const one of known) for (const line of linesOf(one, isWaiting)) output.text(line);
  return code;
};

function nameOf(given: Arguments): string | null {
  const [name = null] = given.positionals;
  if (isSet(given, 'all') === (name === null)) return name;
  throw new ProblemError(
    errorProblem({
      code: 'cli/invalid-argument',
      summary: 'Invalid argument',
      detail: 'reconcile takes either a name or --all.',
      remedy: 'modelctl help reconcile',
    }),
  );
}

function worst(asked: readonly Asked[]): ExitCode {
  const codes = asked.map(({ answer }) => answer?.exitCode ?? exitCode.waitTimedOut);
  const order = [1, 3, 6, 4, 0] as const;
  return order.find((code) => codes.includes(code)) ?? exitCode.partlyFailed;
}

/** The shape that schemas/output publishes. */
const answerItem = ({ watch, answer }: Asked) => ({
  pid: watch.process.pid,
  inputs: watch.inputs,
  outcome: answer?.outcome ?? null,
  exitCode: answer?.exitCode ?? null,
  details: answer?.details ?? [],
});

function linesOf({ watch, answer }: Asked, isWaiting: boolean): readonly string[] {
  const whom = `the watch of ${watch.inputs.map(escapeText).join(', ')} (process ${watch.process.pid})`;
  if (answer === null) {
    return [isWaiting ? `Not answered in time by ${whom}.` : `Asked ${whom} to look now.`];
  }
  const word = { converged: 'As declared', held: 'Held', failed: 'Failed', unknown: 'Unknown' };
  return [`${word[answer.outcome]}, says ${whom}.`, ...answer.details.map(renderSentence)];
}

const unknownName = (name: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'cli/not-found',
      summary: 'Nothing has this name',
      detail: `No running watch has a Model or a served name "${name}".`,
      remedy: 'modelctl get',
    }),
  );
