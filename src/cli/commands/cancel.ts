// `modelctl cancel NAME...`: ends transfers, those of another process too, and keeps or drops what
// arrived. Says of each what came of it.

import { type Cancelled, type CancelOutcome, cancelTransfers } from '../../cancel-transfers.ts';
import { shortDigest } from '../../core/digest.ts';
import { parseDuration } from '../../core/duration.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { SurveyedTransfer } from '../../core/surveyed-transfer.ts';
import { listDocument } from '../../render/document.ts';
import { escapeText } from '../../render/escape.ts';
import { formatBytes } from '../../render/quantity.ts';
import { transferItem } from '../../render/transfer-table.ts';
import { listTransfers } from '../../transfers.ts';
import { type Arguments, isSet, valueOf } from '../arguments.ts';
import type { CommandRun } from '../command-context.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { transfersNamed } from '../transfer-named.ts';

const timeoutMsDefault = 10_000;

export const cancel: CommandRun = async ({ given, output, signal, ...context }) => {
  const wish = wishOf(given);
  const io = await context.io();
  const { transfers, problem } = await listTransfers(io);
  if (problem !== null) throw new ProblemError(problem);
  const meant = meantBy(given, transfers);
  const parsed = parseDuration(valueOf(given, 'timeout') ?? '');
  const timeoutMs = typeof parsed === 'number' ? parsed : timeoutMsDefault;
  const ended = await cancelTransfers(meant, wish, { io, signal, timeoutMs });
  const code = ended.some(({ outcome }) => outcome === 'running')
    ? exitCode.waitTimedOut
    : exitCode.done;
  await output.document(listDocument('CancelledTransferList', ended.map(cancelledItem)), code);
  for (const one of ended) output.text(sentence(one));
  if (ended.length === 0) output.remark('There is nothing to cancel.');
  if (ended.some(({ outcome }) => outcome === 'idle')) {
    output.remark('The same command with --drop removes what was left.');
  }
  return code satisfies ExitCode;
};

function wishOf(given: Arguments): 'stop' | 'drop' {
  if (!isSet(given, 'drop')) return 'stop';
  if (!isSet(given, 'keep')) return 'drop';
  throw usage('--keep and --drop exclude each other.');
}

/** All names first: a typo in one of them cancels nothing. */
function meantBy(
  given: Arguments,
  transfers: readonly SurveyedTransfer[],
): readonly SurveyedTransfer[] {
  const all = transfers.filter(({ state }) => state !== 'staged');
  const { positionals } = given;
  if (isSet(given, 'all')) {
    if (positionals.length === 0) return all;
    throw usage('--all means every transfer, so no name goes with it.');
  }
  if (positionals.length === 0) throw usage('cancel needs to know which transfers are meant.');
  return [...new Set(positionals.flatMap((name) => named(all, name)))];
}

function named(all: readonly SurveyedTransfer[], name: string): readonly SurveyedTransfer[] {
  const found = transfersNamed(all, name);
  if (found.length > 0) return found;
  throw new ProblemError(
    errorProblem({
      code: 'cli/not-found',
      summary: 'Nothing has this name',
      detail: `No unfinished transfer is called "${name}".`,
      remedy: 'modelctl get transfers',
    }),
  );
}

const usage = (detail: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'cli/invalid-argument',
      summary: 'Invalid argument',
      detail,
      remedy: 'modelctl help cancel',
    }),
  );

const cancelledItem = ({ transfer, outcome }: Cancelled) => ({
  ...transferItem(transfer),
  outcome,
});

const says: Readonly<Record<CancelOutcome, (transfer: SurveyedTransfer) => string>> = {
  stopped: () => 'was stopped; what had arrived is kept, and the next apply goes on from there.',
  dropped: ({ diskBytes }) => `was dropped (${formatBytes(diskBytes)} on disk).`,
  arrived: () => 'had arrived in full before it could be cancelled.',
  idle: ({ diskBytes }) =>
    `is not running, so there is nothing to cancel; ${formatBytes(diskBytes)} are kept.`,
  running: ({ pid }) => `has not ended yet; process ${pid ?? 'unknown'} has been asked to end it.`,
};

const sentence = ({ transfer, outcome }: Cancelled): string => {
  const { digest, origin } = transfer;
  const what = origin === null ? shortDigest(digest) : `${origin.path} (${shortDigest(digest)})`;
  return `${escapeText(what)} ${says[outcome](transfer)}`;
};
