// `modelctl watch`: keeps the machine as the manifests declare, until it is stopped.
import { parseDuration } from '../../core/duration.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import { watch as watchWith } from '../../watch.ts';
import { type Arguments, valueOf } from '../arguments.ts';
import type { CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { createProgressView } from '../progress-view.ts';
import { planningOf, rateLimitOf } from '../reconcile-request.ts';

export const watch: CommandRun = async ({ given, output, terminal, signal, ...context }) => {
  const planning = planningOf(given);
  if (planning.inputs.includes('-')) throw invalid('Standard input cannot change: -f - is once.');
  const intervalMs = intervalMsOf(given);
  const request = {
    ...planning,
    ...rateLimitOf(given),
    ...(intervalMs === null ? {} : { intervalMs }),
  };
  const [io, { watchFiles }] = await Promise.all([
    context.io(),
    import('../../io/node/watch-files.ts'),
  ]);
  const { clock } = io;
  const view = createProgressView({ output, terminal, clock, showPlan: true, looking: null });
  const { isClean } = await watchWith(request, {
    io,
    signal,
    report: view.report,
    watchFiles,
  }).finally(view.end);
  if (!isClean) {
    output.remark('Something had not ended in time; the next run goes on from there.');
    return exitCode.partlyFailed;
  }
  return isTermination(signal.reason) ? exitCode.done : exitCode.interrupted;
};

/** The system, or whoever supervises us, ends what it started: that is no interruption. */
const isTermination = (reason: unknown): boolean =>
  reason instanceof Error && reason.message === 'SIGTERM';

const intervalMsMin = 1_000;

function intervalMsOf(given: Arguments): number | null {
  const text = valueOf(given, 'interval');
  if (text === undefined) return null;
  const parsed = parseDuration(text);
  if (typeof parsed === 'number' && parsed >= intervalMsMin) return parsed;
  throw invalid(`--interval is at least 1s; ${text} is not.`);
}

const invalid = (detail: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'cli/invalid-argument',
      summary: 'Invalid argument',
      detail,
      remedy: 'modelctl help watch',
    }),
  );
