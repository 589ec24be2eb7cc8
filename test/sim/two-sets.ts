// Two sets on one engine that want the same models in different ways, edited and applied in turn, with
// others at work between the runs. Nothing fails here unless a run is interrupted or killed, so that
// each whole run is held to everything: it does all of its plan, the next plan is empty, and in the end
// the two sets leave one another alone and only what one of them keeps loaded is in memory.
import { join } from 'node:path';
import {
  type SetName,
  type SharedScenario,
  type SharedStep,
  setNames,
} from './arbitrary-shared.ts';
import type { SimEngine } from './engine.ts';
import { declare, foreignTag, furnish, type ModelSpec, putSite } from './manifests.ts';
import { agreeable } from './steps.ts';
import { Violation } from './violation.ts';
import { createWorld, modelFile, modelsFolder, type Run, type World } from './world.ts';

const folders = { ours: modelsFolder, theirs: 'theirs' } as const;

type Declared = Record<SetName, readonly ModelSpec[]>;

interface Play {
  readonly world: World;
  readonly engine: SimEngine;
  readonly declared: Declared;
}

/** Throws a Violation, or whatever a bug throws. */
export async function playShared({ seed, steps }: SharedScenario): Promise<void> {
  const world = createWorld(seed);
  const engine = world.engines.get('main');
  if (engine === undefined) throw new Error('there is no engine');
  const play: Play = { world, engine, declared: { ours: [], theirs: [] } };
  try {
    furnish(world);
    putSite(world, folders.theirs);
    world.disk.put(join(folders.theirs, 'files', 'one.gguf'), modelFile('one'));
    for (const one of steps) await happen(one, play);
    const takesNames = ['remove', 'overwrite', 'copy'];
    const meddled = steps.some((one) => one.do === 'meddle' && takesNames.includes(one.how));
    await settle(play, meddled);
  } finally {
    world.end();
  }
}

async function happen(one: SharedStep, play: Play): Promise<void> {
  const { declared, world } = play;
  switch (one.do) {
    case 'put':
      return redeclare(play, one.set, [
        ...declared[one.set].filter(({ model }) => model !== one.spec.model),
        one.spec,
      ]);
    case 'share': {
      const theirs = declared[one.set === 'ours' ? 'theirs' : 'ours'];
      const shared = theirs[one.pick % Math.max(theirs.length, 1)];
      if (shared === undefined) return;
      const more = {
        do: 'put',
        set: one.set,
        spec: { ...shared, residency: one.residency },
      } as const;
      return happen(more, play);
    }
    case 'residency': {
      const models = declared[one.set];
      const edited = models[one.pick % Math.max(models.length, 1)];
      return redeclare(
        play,
        one.set,
        models.map((other) => (other === edited ? { ...other, residency: one.residency } : other)),
      );
    }
    case 'remove': {
      const models = declared[one.set];
      const gone = models[one.pick % Math.max(models.length, 1)];
      return redeclare(
        play,
        one.set,
        models.filter((other) => other !== gone),
      );
    }
    case 'meddle':
      meddle(one, play);
      return world.clock.pass(50);
    case 'apply': {
      const run = await apply(play, one);
      if (run.result !== null && one.interruptAfterMs === null) await isDone(play, one, run);
      return;
    }
  }
}

/** Neither set may ask for another way of keeping the same weights in memory than the other. */
function redeclare({ world, declared }: Play, of: SetName, models: readonly ModelSpec[]): void {
  declared[of] = agreeable(models);
  const both = agreeable([
    ...declared.ours,
    ...declared.theirs.map((one) => ({ ...one, aliases: [] })),
  ]);
  const count = declared.ours.length;
  declared.theirs = declared.theirs.map((one, index) => ({
    ...one,
    residency: both[count + index]?.residency ?? one.residency,
  }));
  for (const name of setNames) declare(world, declared[name], folders[name]);
}

function meddle(
  { how, pick: from, onto }: Extract<SharedStep, { do: 'meddle' }>,
  { engine }: Play,
): void {
  const present = [...engine.names().keys()].filter((name) => !name.startsWith('modelctl-'));
  const name = present[from % Math.max(present.length, 1)];
  const other = present[onto % Math.max(present.length, 1)];
  if (name === undefined || other === undefined) return engine.install(foreignTag);
  switch (how) {
    case 'remove':
      return engine.change(() => engine.fake.foreign.remove(name));
    case 'overwrite':
      return engine.install(foreignTag, name);
    case 'copy':
      return engine.copy(name, onto % 2 === 0 ? other : 'elsewhere:latest');
    case 'load':
      return engine.generate(name, '5m');
    case 'unload':
      return engine.generate(name, 0);
  }
}

type Apply = Pick<Extract<SharedStep, { do: 'apply' }>, 'set' | 'prune' | 'takeOver'> &
  Partial<Extract<SharedStep, { do: 'apply' }>>;

const requestOf = ({ world, declared }: Play, one: Apply) => ({
  inputs: [join(world.disk.root, folders[one.set])],
  prune: one.prune,
  allowEvictions: 99,
  ...(one.takeOver ? { takeOver: declared[one.set].map(({ model }) => model) } : {}),
});

async function apply(play: Play, one: Apply): Promise<Run> {
  const { kill = null, interruptAfterMs = null } = one;
  const request = requestOf(play, one);
  const before = play.engine.names();
  const { inventory } = await play.world.ledger();
  const run = await play.world.run({ mode: 'apply', request, kill, interruptAfterMs });
  const { inventory: after } = await play.world.ledger();
  const owned = new Set([...inventory, ...after].map(({ name }) => name));
  for (const [name, digest] of before) {
    if (owned.has(name) || name.startsWith('modelctl-quarantine/')) continue;
    if (play.engine.names().get(name) !== digest) throw new Violation(`${name} was touched`, run);
  }
  return run;
}

const undone: ReadonlySet<string> = new Set(['failed', 'unknown', 'skipped']);

const mayPass: ReadonlySet<string> = new Set(['in-use', 'conflict']);

/** A whole run that nothing disturbed did all that it planned, and leaves nothing to plan. */
async function isDone(play: Play, one: Apply, run: Run): Promise<void> {
  const entries = run.result?.changes?.entries ?? [];
  if (entries.some(({ outcome }) => undone.has(outcome))) throw new Violation('did not do it', run);
  // What is in use may not be a moment later; and an alias that another set brought is in conflict
  // until what it is an alias of has been made to hold the same again.
  const waits = run.result?.plan?.held.some(({ because }) => mayPass.has(because)) === true;
  const next = await play.world.run({ mode: 'plan', request: requestOf(play, one) });
  if ((next.result?.plan?.actions.length ?? 0) > 0 && !waits) {
    throw new Violation(
      `plans more after ${JSON.stringify(run.result?.plan?.actions, null, 1)}`,
      next,
    );
  }
  const exitCode = run.result?.exitCode;
  const held = run.result?.plan?.held ?? [];
  if ((exitCode === 0) !== (held.length === 0)) throw new Violation(`ends with ${exitCode}`, run);
}

const roundsMax = 5;

/** In turn, until neither has anything to do; then what is in memory is what they keep there. */
async function settle(play: Play, meddled: boolean): Promise<void> {
  const { world, engine } = play;
  const last = new Map<SetName, Run>();
  for (let round = 1; ; round += 1) {
    await world.clock.pass(6 * 60_000);
    let actions = 0;
    for (const name of setNames) {
      const one = { set: name, prune: true, takeOver: false };
      const run = await apply(play, one);
      await isDone(play, one, run);
      actions += run.result?.plan?.actions.length ?? 0;
      last.set(name, run);
      if (round === roundsMax && actions > 0) throw new Violation('never comes to rest', run);
    }
    if (actions === 0) break;
  }
  const runs = [...last.values()];
  // What others put in the way may have been in memory; nobody knows for whom.
  if (meddled) return;
  const weightsOf = ({ name }: { readonly name: string }) => engine.settingsOf(name).weights;
  const plans = runs.flatMap(({ result }) => result?.plan ?? []);
  const kept = plans.flatMap(({ unchanged }) =>
    unchanged.filter((one) => one.residency === 'loaded').map(weightsOf),
  );
  const waiting = plans.flatMap(({ held, leftovers }) => [...held, ...leftovers]).map(weightsOf);
  const staying = await engine.staying();
  const [run] = runs;
  if (run === undefined) return;
  for (const weights of staying) {
    if (![...kept, ...waiting].includes(weights))
      throw new Violation(`${weights} stays in memory for nobody`, run);
  }
  for (const weights of kept) {
    if (weights !== null && !staying.has(weights))
      throw new Violation(`${weights} is not loaded`, run);
  }
}
