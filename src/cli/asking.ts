// Runs something that asks sources, in front of a person: a sign of life while it takes its time,
// then every problem once. Shared by lock, outdated and update.
import type { Problem } from '../core/problem.ts';
import type { Io } from '../io/io.ts';
import type { CommandContext } from './command-context.ts';
import { createProgressView } from './progress-view.ts';

export async function asking<R extends { readonly problems: readonly Problem[] }>(
  { output, terminal, signal, io }: CommandContext,
  ask: (context: { readonly io: Io; readonly signal: AbortSignal }) => Promise<R>,
): Promise<R> {
  const ports = await io();
  const { clock } = ports;
  const looking = 'Asking the sources …';
  const view = createProgressView({ output, terminal, clock, showPlan: false, looking });
  const result = await ask({ io: ports, signal }).finally(view.end);
  for (const problem of result.problems) output.problem(problem);
  return result;
}
