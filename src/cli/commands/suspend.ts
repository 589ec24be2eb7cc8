// `modelctl suspend NAME`: leaves a model alone for a while.
import { parseDuration } from '../../core/duration.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { Suspension } from '../../core/wish.ts';
import { listDocument } from '../../render/document.ts';
import { escapeText } from '../../render/escape.ts';
import { suspend as suspendWith } from '../../wishes.ts';
import { valueOf } from '../arguments.ts';
import type { CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';

export const suspend: CommandRun = async ({ given, output, signal, ...context }) => {
  const io = await context.io();
  const [name = ''] = given.positionals;
  const reason = valueOf(given, 'reason') ?? '';
  if (reason.trim() === '') throw invalid('--reason is needed: nobody will know why otherwise.');
  const until = untilOf(valueOf(given, 'until'), io.clock.now());
  const suspended = await suspendWith(name, { until, reason }, { io, signal });
  const code = exitCode.done;
  await output.document(listDocument('SuspensionList', suspended.map(suspensionItem)), code);
  for (const one of suspended) {
    output.text(`Suspended: ${escapeText(one.model)} until ${timeOf(one.until)}.`);
  }
  output.remark('It ends by itself, or with `resume`.');
  return code;
};

/** The shape that schemas/output publishes. */
const suspensionItem = ({ until, at, ...one }: Suspension) => ({
  ...one,
  until: timeOf(until),
  at: timeOf(at),
});

const timeOf = (at: number): string => new Date(at).toISOString();

/** Milliseconds since the epoch. */
function untilOf(text: string | undefined, now: number): number {
  if (text === undefined) throw invalid('--until is needed, so that nothing is forgotten.');
  const duration = parseDuration(text);
  const until = typeof duration === 'number' ? now + duration : Date.parse(text);
  if (!Number.isFinite(until) || duration === 'forever') {
    throw invalid(`--until ${text} is neither a duration, as in 2h, nor a time.`);
  }
  if (until <= now) throw invalid(`--until ${text} has passed.`);
  return until;
}

const invalid = (detail: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'cli/invalid-argument',
      summary: 'Invalid argument',
      detail,
      remedy: 'modelctl help suspend',
    }),
  );
