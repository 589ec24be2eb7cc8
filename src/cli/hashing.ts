// Runs something that hashes files, in front of a person: how far it is on a terminal, one line in a
// log that it takes long, and every problem once. Shared by verify and repair.
import type { Problem } from '../core/problem.ts';
import type { HashProgress } from '../core/verification.ts';
import type { Io } from '../io/io.ts';
import { renderFetching, renderHashing } from '../render/verification.ts';
import { type Arguments, isSet, valueOf } from './arguments.ts';
import type { CommandContext } from './command-context.ts';
import { inputsOf } from './reconcile-request.ts';
import { createRedrawing } from './redrawing.ts';

interface Ports {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: HashProgress) => void;
  readonly onBytes: (path: string, completedBytes: number, totalBytes: number) => void;
}

const redrawMs = 100;
const logAfterMs = 5_000;

export async function hashing<R extends { readonly problems: readonly Problem[] }>(
  { output, terminal, signal, io }: CommandContext,
  work: (ports: Ports) => Promise<R>,
): Promise<R> {
  const ports = await io();
  const { clock } = ports;
  const startedAt = clock.now();
  const isShown = terminal.stderr.isTty && !output.quiet && !output.streaming;
  const redrawing = createRedrawing(terminal.stderr);
  const columns = terminal.stderr.columns() - 1;
  let drawnAt = 0;
  let isTold = false;
  const show = (line: string): void => {
    const now = clock.now();
    if (isShown && now - drawnAt >= redrawMs) {
      redrawing.show([line.slice(0, columns)]);
      drawnAt = now;
    }
    if (isShown || isTold || now - startedAt < logAfterMs) return;
    isTold = true;
    output.remark(line);
  };
  const result = await work({
    io: ports,
    signal,
    onProgress: (progress) => show(renderHashing(progress, clock.now() - startedAt)),
    onBytes: (path, completedBytes, totalBytes) =>
      show(renderFetching(path, completedBytes, totalBytes)),
  }).finally(redrawing.clear);
  for (const problem of result.problems) output.problem(problem);
  return result;
}

/** The part of a request that both commands share. */
export function verifyRequestOf(given: Arguments) {
  const names = given.positionals;
  const host = valueOf(given, 'host');
  return {
    inputs: inputsOf(given),
    quick: isSet(given, 'quick'),
    ...(names.length === 0 ? {} : { models: names }),
    ...(host === undefined ? {} : { host }),
  };
}
