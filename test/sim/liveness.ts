// What must happen once nothing goes wrong any more: a few runs bring everything to what is
// declared, the next plan is empty, and a run that finds nothing to do writes nothing anywhere.
import type { EngineName, SimEngine } from './engine.ts';
import { type ModelSpec, publish, tags, type WantedName, wantedNames } from './manifests.ts';
import { fileVariant, setLedgerAside, writeModelFile } from './steps.ts';
import { Violation } from './violation.ts';
import { lockText, modelFile, type Run, type RunOptions, sha256Hex, type World } from './world.ts';

export const appliesMax = 4;
const requestsMax = 5;
/** What others keep in memory is given up by the engine by itself within this. */
const idleMs = 6 * 60_000;

/** Ends every fault, and brings back upstream what the lock has pinned. */
export async function calm(world: World): Promise<void> {
  for (const engine of world.engines.values()) {
    engine.state = 'up';
    engine.fake.faults.clear();
  }
  world.downHosts.clear();
  world.disk.isFull = false;
  const lock = lockText(world);
  for (const tag of tags) {
    const moved = publish(world, tag, 'moved');
    if (!lock.includes(moved)) publish(world, tag, 'first');
  }
  for (const file of ['one', 'two'] as const) {
    const changed = sha256Hex(modelFile(fileVariant(file, 'changed')));
    writeModelFile(world, file, lock.includes(changed) ? 'changed' : 'first');
  }
  const { view } = await world.ledger();
  if (view.mode === 'read-only') setLedgerAside(world);
}

export interface Surroundings {
  readonly run: (options: RunOptions) => Promise<Run>;
  /**
   * The ledger was lost at some time, or others took names away: what a run left aside, or keeps in
   * memory under a name that is gone, is nobody's now.
   */
  readonly hasOrphans: boolean;
}

/** Runs until nothing is left to do; throws when that takes too long or something is amiss. */
export async function settle(
  world: World,
  models: readonly ModelSpec[],
  { run, hasOrphans }: Surroundings,
): Promise<void> {
  const request = {
    prune: true,
    allowEvictions: 99,
    takeOver: models.map(({ model }) => model),
  };
  let last: Run;
  for (let applies = 1; ; applies += 1) {
    const applied = await run({ mode: 'apply', request });
    last = await run({ mode: 'plan', request });
    const open = last.result?.plan?.actions.length ?? 0;
    if (open > 0 && isComplete(applied)) throw new Violation('plans more after all was done', last);
    const waits = last.result?.plan?.held.some(({ because }) => because === 'in-use') === true;
    if (open === 0 && (!waits || applies === appliesMax)) break;
    if (applies === appliesMax) throw new Violation(`is not done after ${appliesMax} runs`, last);
    await world.clock.pass(idleMs);
  }
  for (const engine of world.engines.values()) {
    const wanted = wantedNames(models, engine.name);
    for (const one of wanted) await checkWanted(world, engine, one, models, last);
    checkRest(engine, wanted, { run: last, hasOrphans });
  }
  let idle = await run({ mode: 'apply', request: { prune: true } });
  // What is optional and not as declared is left as it is; that it was unloaded is noticed late.
  const someOptional = models.some(({ residency }) => residency === 'optional');
  if (someOptional && idle.effects.length > 0)
    idle = await run({ mode: 'apply', request: { prune: true } });
  if (idle.effects.length > 0)
    throw new Violation(`writes with nothing to do: ${idle.effects.join(', ')}`, idle);
  for (const [engine, requests] of idle.requests) {
    if (requests > requestsMax)
      throw new Violation(`asks ${engine} ${requests} times with nothing to do`, idle);
  }
}

/** Everything that was planned was done, and nothing waited. */
const isComplete = ({ result }: Run): boolean =>
  result?.plan?.held.every(({ because }) => because !== 'in-use') === true &&
  (result.changes?.entries ?? []).every(({ outcome }) => !withoutEffect.has(outcome));

const withoutEffect: ReadonlySet<string> = new Set(['failed', 'unknown', 'skipped']);

async function checkWanted(
  world: World,
  engine: SimEngine,
  wanted: WantedName,
  models: readonly ModelSpec[],
  run: Run,
): Promise<void> {
  const amiss = (what: string): never => {
    throw new Violation(`${wanted.name} on ${engine.name} ${what}`, run);
  };
  const names = engine.names();
  const digest = names.get(wanted.name);
  if (digest === undefined) {
    if (wanted.residency !== 'optional') amiss('is not there');
    return;
  }
  const { from } = wanted;
  // What is optional is not made right, as long as what it stands on is not there.
  if (wanted.residency === 'optional' && from.kind !== 'tag') return;
  if (from.kind === 'copy' && names.get(from.of) !== digest && names.has(from.of))
    amiss(`is no copy of ${from.of}`);
  if (from.kind === 'tag') {
    const [repository = '', tag = ''] = from.tag.split(':');
    const raw = world.registry.manifest('library', repository, tag) ?? '';
    if (sha256Hex(new TextEncoder().encode(raw)) !== digest) amiss('is not what was locked');
  }
  const spec = models.find(({ model }) => model === wanted.model);
  if (from.kind === 'derived' && spec !== undefined && names.has(from.base)) {
    const settings = engine.settingsOf(wanted.name);
    if (spec.system !== undefined && settings.system !== spec.system)
      amiss(`says ${settings.system}`);
    if (spec.contextLength !== undefined && settings.contextLength !== spec.contextLength) {
      amiss(`has a context of ${settings.contextLength}`);
    }
    if (engine.settingsOf(from.base).weights !== settings.weights)
      amiss('has other weights than its base');
  }
  if (wanted.residency === 'loaded' || wanted.residency === 'pinned') {
    const runner = await engine.runnerOf(wanted.name);
    if (runner === null || !runner.stays) amiss('is not loaded to stay');
    const context = spec?.contextLength ?? defaultContextLength;
    if (runner?.contextLength !== context) amiss(`runs with a context of ${runner?.contextLength}`);
  }
}

/** Of the fake, for names that say nothing. */
const defaultContextLength = 4096;

/** What is not wanted and still there must be held, and nothing of a replacement may be left. */
function checkRest(
  engine: SimEngine,
  wanted: readonly WantedName[],
  { run, hasOrphans }: { readonly run: Run; readonly hasOrphans: boolean },
): void {
  const plan = run.result?.plan;
  const held = (plan?.held ?? []).filter(({ backend }) => backend === engine.origin);
  const kept = (plan?.leftovers ?? []).some(({ backend }) => backend === engine.origin);
  // What waits for a person, or is kept for good, may hold the weights of others in memory, and
  // may have been left in the middle of a replacement.
  const isStuck = kept || held.some(({ because }) => waitsForPeople.has(because));
  for (const name of engine.names().keys()) {
    if (name.startsWith('modelctl-quarantine/')) {
      if (isStuck || hasOrphans) continue;
      throw new Violation(`${name} is left on ${engine.name}`, run);
    }
    if (wanted.some((one) => one.name === name)) continue;
    const left = plan?.leftovers.find((one) => one.name === name && one.backend === engine.origin);
    if (left !== undefined && !/Keep|is kept/.test(left.remedy)) {
      throw new Violation(`${name} is left over on ${engine.name}`, run);
    }
  }
  const stuck = held.filter(
    ({ because }) =>
      !waitsForPeople.has(because) && !(because === 'in-use' && (isStuck || hasOrphans)),
  );
  if (stuck.length > 0) throw new Violation(`${stuck[0]?.name} is held`, run);
}

const waitsForPeople: ReadonlySet<string> = new Set(['needs-approval', 'conflict']);

export type { EngineName };
