// What a simulation throws when something happened that must not, or did not that must: in which
// run, with all that the run planned, did and changed.
import type { Change } from './engine.ts';
import type { Run } from './world.ts';

export class Violation extends Error {
  override readonly name = 'Violation';
  constructor(what: string, run: Run) {
    const { mode, request, kill } = run.options;
    const lines = [
      what,
      `run: ${mode} ${JSON.stringify(request)}${kill ? ` killed at ${JSON.stringify(kill)}` : ''}`,
      ...run.changes.map(
        ({ engine, name, before, after }) =>
          `  ${engine} ${name}: ${short(before)} → ${short(after)}`,
      ),
      ...(run.result?.problems ?? []).map(({ code, detail }) => `  ${code}: ${detail}`),
      ...(run.result?.plan?.actions ?? []).map(({ id, because }) => `  ${id}: ${because}`),
      ...(run.result?.plan?.held ?? []).map(
        (one) => `  held ${one.name} (${one.backend}): ${one.because}. ${one.detail}`,
      ),
      ...(run.result?.changes?.entries ?? []).map(
        (one) => `  ${one.outcome} ${one.action.id} ${one.problem?.detail ?? ''}`,
      ),
    ];
    super(lines.join('\n'));
  }
}

const short = (digest: string | null): string => digest?.slice(0, 12) ?? 'nothing';

export function fail(run: Run, { engine, name, before, after }: Change, what: string): never {
  throw new Violation(`${what}: ${name} on ${engine}, ${short(before)} → ${short(after)}`, run);
}
