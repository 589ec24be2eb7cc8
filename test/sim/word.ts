// What a run says and writes down, held against what is there: nothing is left out silently, an
// exit code means what it says, the lock moves no entry, only locked bytes are installed, and what
// has no right to act does not act.
import type { EngineName } from './engine.ts';
import { type ModelSpec, type WantedName, wantedNames } from './manifests.ts';
import type { Before } from './oracle.ts';
import { Violation } from './violation.ts';
import { lockText, type Run, type World } from './world.ts';

interface Scene {
  readonly world: World;
  readonly before: Before;
}

/** Throws Violation. `before` is how things stood when the run began. */
export function judgeWord(run: Run, models: readonly ModelSpec[], scene: Scene): void {
  judgeRights(run, models, scene);
  judgeMemory(run, models, scene);
  judgeLock(run, scene);
  if (run.result === null) return;
  judgeExitCode(run);
  for (const [engine, { origin }] of scene.world.engines) {
    for (const wanted of wantedNames(models, engine)) {
      judgeTold(run, origin, wanted);
      judgeBytes(run, engine, wanted, scene);
      judgeDone(run, engine, wanted, scene);
    }
  }
}

function judgeRights(run: Run, models: readonly ModelSpec[], { before }: Scene): void {
  if (before.ledgerMode === 'read-only' && run.changes.length > 0)
    throw new Violation('changed something without a ledger to write to', run);
  const { allowEvictions, locked } = run.options.request ?? {};
  const evicted = run.changes.filter(
    ({ name, after }) => after === null && !name.startsWith('modelctl-quarantine/'),
  );
  if (models.length === 0 && evicted.length > 0 && allowEvictions === undefined)
    throw new Violation('evicted though nothing at all is declared', run);
  if (locked === true && run.effects.some((effect) => effect.startsWith('write models.lock')))
    throw new Violation('wrote the lock in a locked run', run);
}

/** What is loaded or unloaded is wanted, ours, or a copy that we keep. */
function judgeMemory(run: Run, models: readonly ModelSpec[], { world, before }: Scene): void {
  const ours = new Set([
    ...[...world.engines.keys()].flatMap((engine) =>
      wantedNames(models, engine).map(({ name }) => name),
    ),
    ...before.inventory.map(({ name }) => name),
  ]);
  for (const effect of run.effects) {
    const name = /^POST \/api\/(?:generate|embed) (\S+)$/.exec(effect)?.[1];
    if (name === undefined || ours.has(name) || name.startsWith('modelctl-quarantine/')) continue;
    throw new Violation(`loaded or unloaded ${name}, which nobody declared`, run);
  }
}

/** Entries come and go; none becomes another. */
function judgeLock(run: Run, { world, before }: Scene): void {
  const entries = entriesOf(lockText(world));
  for (const [key, text] of entriesOf(before.lock)) {
    const now = entries.get(key);
    if (now !== undefined && now !== text)
      throw new Violation(`moved ${key} in the lock:\n${text}\nto\n${now}`, run);
  }
}

/** By model, target and source; of the first document only the id of the set. */
function entriesOf(lock: string): ReadonlyMap<string, string> {
  const [header = '', ...entries] = lock.split(/^---$/m);
  const field = (text: string, name: string): string =>
    new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? '';
  const key = (text: string): string =>
    ['model', 'target', 'source'].map((name) => field(text, name)).join(' ');
  return new Map([
    ...(header === '' ? [] : [['the set', field(header, 'set')] as const]),
    ...entries.map((text) => [key(text), text.trim()] as const),
  ]);
}

/** Upstream has other bytes than are locked: a refusal, whenever it is found out. */
const refusals: ReadonlySet<string> = new Set([
  'backend/upstream-moved',
  'transfer/changed-in-place',
]);

function judgeExitCode(run: Run): void {
  const { plan, changes, exitCode } = run.result ?? {};
  if (changes?.interrupted === true) {
    if (exitCode !== 130) throw new Violation(`was interrupted, and ends with ${exitCode}`, run);
    return;
  }
  const failed = (changes?.entries ?? []).filter(
    ({ outcome, problem }) => outcome === 'failed' && !refusals.has(problem?.code ?? ''),
  );
  if (failed.length > 0 && exitCode !== 3)
    throw new Violation(`ends with ${exitCode} though ${failed[0]?.action.id} failed`, run);
  if (run.options.mode === 'apply' && exitCode === 0 && (plan?.held.length ?? 0) > 0)
    throw new Violation('ends with 0 though something is held', run);
}

/** Whatever is wanted is as it should be, or brought about, or held with a reason. */
function judgeTold(run: Run, origin: string, wanted: WantedName): void {
  const plan = run.result?.plan ?? null;
  const targets = run.options.request?.targets;
  if (plan === null || (targets !== undefined && !targets.includes(wanted.model))) return;
  const isIt = (at: { readonly backend: string; readonly name: string }): boolean =>
    at.backend === origin && at.name === wanted.name;
  const held = plan.held.filter((one) => isIt(one) || one.model === wanted.model);
  const told = plan.unchanged.some(isIt) || plan.actions.some(isIt) || held.length > 0;
  if (!told && wanted.residency !== 'optional')
    throw new Violation(`says nothing of ${wanted.name} on ${origin}`, run);
  const silent =
    plan.actions.find(({ because }) => because === '')?.id ??
    held.find(({ detail, remedy }) => detail === '' || remedy === '')?.name;
  if (silent !== undefined) throw new Violation(`gives no reason for ${silent}`, run);
}

/** What a tag was made to hold stands in the lock, unless the run says that it went wrong. */
function judgeBytes(run: Run, engine: EngineName, wanted: WantedName, { world }: Scene): void {
  const ofName = run.changes.filter((one) => one.engine === engine && one.name === wanted.name);
  const digest = ofName.at(-1)?.after ?? null;
  if (wanted.from.kind !== 'tag' || digest === null) return;
  if (world.engines.get(engine)?.names().get(wanted.name) !== digest) return;
  const entry = run.result?.changes?.entries.find(
    ({ action }) =>
      action.backend === world.engines.get(engine)?.origin && action.name === wanted.name,
  );
  const isCertain =
    entry !== undefined && entry.outcome !== 'failed' && entry.outcome !== 'unknown';
  if (isCertain && !lockText(world).includes(digest))
    throw new Violation(`${wanted.name} on ${engine} holds what is not locked`, run);
}

/** A run that ends with 0 leaves what is declared, if nobody else was at work meanwhile. */
function judgeDone(run: Run, engine: EngineName, wanted: WantedName, scene: Scene): void {
  const { mode, request, meanwhile = [] } = run.options;
  const isWhole = mode === 'apply' && request?.targets === undefined && meanwhile.length === 0;
  if (!isWhole || run.result?.exitCode !== 0 || wanted.residency === 'optional') return;
  const { names, touchedAt } = scene.world.engines.get(engine) ?? {};
  if ((touchedAt?.get(wanted.name) ?? Number.NEGATIVE_INFINITY) >= scene.before.at) return;
  const digest = names?.().get(wanted.name);
  if (digest === undefined)
    throw new Violation(`ends with 0, and ${wanted.name} is not on ${engine}`, run);
  if (wanted.from.kind === 'tag' && !lockText(scene.world).includes(digest))
    throw new Violation(`ends with 0, and ${wanted.name} on ${engine} is not as locked`, run);
}
