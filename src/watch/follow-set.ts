// The work on the set, and what follows from how it ends: another revision makes due at once what
// waited, and ends what acts on engines for which something else is declared now.
import { withFormerEngines } from '../consider.ts';
import { ProblemError } from '../core/problem.ts';
import type { Declaration } from '../declare.ts';
import { setWork } from './asks.ts';
import { type DeclaredEnd, declareSet, partsOf } from './declared-work.ts';
import type { Loop } from './loop.ts';
import { ask, type Ending, forget } from './queue.ts';

/** Another process has the lock: asked again soon, and that is no failure. */
export const busyMs = 1_000;

export async function followSet(loop: Loop, signal: AbortSignal): Promise<Ending> {
  const ledger = await loop.reader.ledger();
  const files = [...loop.changedFiles];
  loop.changedFiles.clear();
  const around = { ...loop.around, ledger, signal };
  const ended = await declareSet(loop.request, around, loop.hold).catch(asUnusable);
  switch (ended.kind) {
    case 'busy':
      for (const file of files) loop.changedFiles.add(file);
      return { kind: 'soon', delayMs: busyMs };
    case 'unusable':
      loop.isUsable = false;
      loop.news.problems(setWork, ended.problems);
      return { kind: 'failed', ceilingMs: loop.times.intervalMs };
    case 'declared': {
      loop.isUsable = true;
      // The lock has them now.
      loop.around.resolved.clear();
      const { declaration, problems } = ended;
      loop.news.problems(setWork, [...problems, ...declaration.resolved.desired.warnings]);
      const engines = withFormerEngines(declaration.resolved.engines, declaration.set, around);
      takeUp(loop, declaration, { engines: [...engines.keys()], files });
      return { kind: 'done' };
    }
  }
}

/** What could not be written is the same as what could not be read: nothing new is followed. */
function asUnusable(error: unknown): DeclaredEnd {
  if (!(error instanceof ProblemError)) throw error;
  return { kind: 'unusable', problems: [error.problem] };
}

function takeUp(
  loop: Loop,
  declaration: Declaration,
  { engines, files }: { readonly engines: readonly string[]; readonly files: readonly string[] },
): void {
  const { desired } = declaration.resolved;
  const before = loop.declaration?.resolved.desired.revision;
  const parts = partsOf(declaration);
  const why = declaration.resolved.choice?.why ?? null;
  if (before === undefined && why !== null) {
    loop.context.report({ kind: 'note', text: `Engine: ${why}` });
  }
  if (before !== desired.revision) {
    const models = new Set([...desired.placements.values()].map(({ model }) => model));
    for (const { model } of desired.held) models.add(model);
    const { set, revision: digest } = desired;
    loop.context.report({
      kind: 'revision',
      revision: { set, digest, models: models.size, files: before === undefined ? [] : files },
    });
  }
  const now = loop.context.io.clock.elapsed();
  for (const key of engines) {
    const isNew = !loop.queue.has(key) || parts.get(key) !== loop.parts.get(key);
    if (!isNew) continue;
    loop.running.get(key)?.abort();
    loop.queue = ask(loop.queue, key, now);
  }
  for (const key of loop.queue.keys()) {
    if (key === setWork || engines.includes(key)) continue;
    loop.running.get(key)?.abort();
    loop.queue = forget(loop.queue, key);
    loop.news.forget(key);
    loop.looks.delete(key);
    loop.failed.delete(key);
  }
  loop.declaration = declaration;
  loop.parts = parts;
}
