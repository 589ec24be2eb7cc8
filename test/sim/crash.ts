// Crash at every step. A scenario is played once and its effects are counted; then once more for
// each effect, killed right before or right after it, and run again from what was persisted. In the
// end everything must be as if nothing had happened, and nothing may have been fetched twice but
// what was on its way.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { declare, furnish, type ModelSpec } from './manifests.ts';
import { Violation } from './violation.ts';
import { createWorld, modelsFolder, type Run, type RunOptions, type World } from './world.ts';

export interface CrashScenario {
  readonly title: string;
  /** What was declared and applied before; empty for a machine that knows nothing of us. */
  readonly before: readonly ModelSpec[];
  readonly after: readonly ModelSpec[];
  readonly request?: RunOptions['request'];
  /** The main engine keeps its store where the run may write. */
  readonly onDisk?: true;
  /** What others did in between. */
  readonly meanwhile?: (world: World) => void;
}

const model = (name: ModelSpec['model'], rest: Partial<ModelSpec> = {}): ModelSpec => ({
  model: name,
  source: 'own:v1',
  aliases: [],
  residency: 'stored',
  engines: ['main'],
  prune: 'Delete',
  ...rest,
});

export const crashScenarios: readonly CrashScenario[] = [
  {
    title: 'a first apply through files, with what is derived and imported',
    before: [],
    after: [
      model('m0', { system: 'one', contextLength: 1024, aliases: ['gpt'], residency: 'loaded' }),
      model('m1', { source: 'web-one', engines: ['main', 'side'] }),
    ],
    onDisk: true,
  },
  {
    title: 'a roll-out through files that evicts what it replaces',
    before: [model('m0', { served: 'chat', residency: 'loaded' }), model('m1')],
    after: [model('m0', { served: 'chat', source: 'own:v2', residency: 'loaded' }), model('m1')],
    request: { prune: true },
    onDisk: true,
  },
  {
    title: 'a first apply with base, derived name, alias and load',
    before: [],
    after: [
      model('m0', { system: 'one', contextLength: 1024, aliases: ['gpt'], residency: 'loaded' }),
      model('m1', { source: 'shared:v1', served: 'm1-chat', engines: ['main', 'side'] }),
    ],
  },
  {
    title: 'a roll-out that evicts what it replaces',
    before: [model('m0', { residency: 'loaded' }), model('m1')],
    after: [model('m0', { source: 'own:v2', residency: 'loaded' }), model('m1')],
    request: { prune: true },
  },
  {
    title: 'a roll-out under a served name that stays',
    before: [model('m0', { served: 'chat', residency: 'loaded' })],
    after: [model('m0', { served: 'chat', source: 'own:v2', residency: 'loaded' })],
    request: { prune: true },
  },
  {
    title: 'an import of a file and of a download, with what is derived from them',
    before: [],
    after: [
      model('m0', { source: 'file-one', aliases: ['gpt'] }),
      model('m1', { source: 'web-one', system: 'one', residency: 'loaded' }),
    ],
  },
  {
    title: 'an import of another file over the first',
    before: [model('m0', { source: 'file-one', aliases: ['gpt'], residency: 'loaded' })],
    after: [model('m0', { source: 'file-two', aliases: ['gpt'], residency: 'loaded' })],
    request: { takeOver: ['m0'] },
  },
  {
    title: 'a take-over of a name that others filled',
    before: [],
    after: [model('m0', { aliases: ['gpt'] }), model('m1', { source: 'own:v2', system: 'two' })],
    request: { takeOver: ['m0', 'm1'] },
    meanwhile: (world) => {
      const engine = world.engines.get('main');
      engine?.install('stranger:v1', 'm0-repo:v1');
      engine?.install('stranger:v1', 'gpt:latest');
      engine?.install('stranger:v1', 'm1:latest');
    },
  },
  {
    title: 'a prune of all that three Models brought',
    before: [
      model('m0', { aliases: ['gpt'], residency: 'loaded' }),
      model('m1', { system: 'one', residency: 'pinned' }),
      model('m2', { source: 'file-two' }),
      model('m3', { engines: ['main', 'side'] }),
    ],
    after: [model('m3', { engines: ['side'] })],
    request: { prune: true, allowEvictions: 9 },
  },
  {
    title: 'a recipe that changed, on a name that is in memory',
    before: [model('m0', { system: 'one', residency: 'loaded', aliases: ['gpt'] })],
    after: [model('m0', { system: 'two', residency: 'loaded', aliases: ['gpt'] })],
  },
];

/** What a scenario ends with, as far as anybody can see it. */
interface End {
  readonly names: Readonly<Record<string, string>>;
  readonly loaded: Readonly<Record<string, string>>;
  readonly inventory: Readonly<Record<string, string>>;
  readonly lock: string;
}

export interface CrashCount {
  readonly effects: number;
  readonly crashes: number;
}

/** A program takes a moment to start again; the engine finishes what it was told to unload. */
const restartMs = 100;

/** Throws a Violation that names the effect. `points` limits how many are tried, spread evenly. */
export async function crashEverywhere(
  scenario: CrashScenario,
  points = Number.POSITIVE_INFINITY,
): Promise<CrashCount> {
  const whole = await play(scenario, async (world) => {
    const run = await world.run({ mode: 'apply', ...requestOf(scenario) });
    await assertIdle(scenario, world);
    return { run, end: await endOf(world), served: servedBytes(world) };
  });
  const effects = whole.run.effects.length;
  const step = Math.max(1, Math.floor(effects / points));
  let crashes = 0;
  for (let effect = 0; effect < effects; effect += step) {
    for (const when of ['before', 'after'] as const) {
      crashes += 1;
      await crashOnce(scenario, { effect, when, label: whole.run.effects[effect] ?? '' }, whole);
    }
  }
  return { effects, crashes };
}

interface Point {
  readonly effect: number;
  readonly when: 'before' | 'after';
  readonly label: string;
}

async function crashOnce(
  scenario: CrashScenario,
  { effect, when, label }: Point,
  whole: { readonly end: End; readonly served: ReadonlyMap<string, number> },
): Promise<void> {
  const what = `${scenario.title}, killed ${when} effect ${effect} (${label})`;
  await play(scenario, async (world) => {
    const killed = await world.run({
      mode: 'apply',
      ...requestOf(scenario),
      kill: { effect, when },
    });
    if (killed.result !== null) throw new Violation(`${what}: was not killed`, killed);
    await world.clock.pass(restartMs);
    const run = await world.run({ mode: 'apply', ...requestOf(scenario) });
    const difference = differenceOf(whole.end, await endOf(world));
    if (run.result?.exitCode !== 0 || difference !== null)
      throw new Violation(`${what}: exit ${run.result?.exitCode}; ${difference ?? ''}`, run);
    await assertIdle(scenario, world);
    for (const [digest, bytes] of servedBytes(world)) {
      const once = whole.served.get(digest) ?? 0;
      if (bytes > once + piecesOf(digest))
        throw new Violation(
          `${what}: ${digest} was fetched twice, ${bytes} of ${once} bytes`,
          killed,
        );
    }
  });
}

/**
 * What may come again: what was on its way, and of a web file its header, which is read to resolve
 * it while no lock was written. The registry's blobs come in one piece, the web server sends 64 KiB.
 */
const piecesOf = (what: string): number => (what.startsWith('/') ? 2 * 64 * 1024 : 3100);

const requestOf = ({ request }: CrashScenario): Pick<RunOptions, 'request'> =>
  request === undefined ? {} : { request };

/** The same world each time, up to the run that may be killed. */
async function play<T>(scenario: CrashScenario, work: (world: World) => Promise<T>): Promise<T> {
  const world = createWorld(1, scenario.onDisk ? 'main' : null);
  try {
    furnish(world);
    if (scenario.before.length > 0) {
      declare(world, scenario.before);
      const run = await world.run({ mode: 'apply' });
      if (run.result?.exitCode !== 0)
        throw new Violation(`${scenario.title}: does not begin well`, run);
    }
    scenario.meanwhile?.(world);
    declare(world, scenario.after);
    world.registry.served.clear();
    world.webBytes.clear();
    return await work(world);
  } finally {
    world.end();
  }
}

async function assertIdle(scenario: CrashScenario, world: World): Promise<void> {
  const idle: Run = await world.run({ mode: 'apply', ...requestOf(scenario) });
  if (idle.effects.length > 0)
    throw new Violation(`${scenario.title}: has more to do afterwards`, idle);
}

async function endOf(world: World): Promise<End> {
  const names: Record<string, string> = {};
  const loaded: Record<string, string> = {};
  for (const engine of world.engines.values()) {
    for (const [name, digest] of engine.names()) {
      names[`${engine.name} ${name}`] = digest;
      const runner = await engine.runnerOf(name);
      if (runner !== null) loaded[`${engine.name} ${name}`] = JSON.stringify(runner);
    }
    loaded[`${engine.name} runners`] = String(await engine.runners());
  }
  const inventory = Object.fromEntries(
    // What a name was made from is not known where it was found made; it is then compared itself.
    (await world.ledger()).inventory.map(({ set: _, made: __, ...entry }) => [
      `${entry.backend} ${entry.name}`,
      JSON.stringify(entry),
    ]),
  );
  const lock = readFileSync(join(world.disk.root, modelsFolder, 'models.lock.yaml'), 'utf8');
  // The id of the set is random, and a set that was never locked has none yet.
  return { names, loaded, inventory, lock: lock.replace(/^set: .*$/m, '') };
}

/** Of weights and files: manifests and configs are read whenever they are looked at. */
const servedBytes = (world: World): ReadonlyMap<string, number> => {
  const weights = [...world.registry.served].filter(
    ([digest]) => (world.registry.blob(digest)?.size ?? 0) > smallBytes,
  );
  return new Map([...weights, ...world.webBytes]);
};

const smallBytes = 1000;

function differenceOf(wanted: End, actual: End): string | null {
  for (const part of ['names', 'loaded', 'inventory'] as const) {
    for (const key of new Set([...Object.keys(wanted[part]), ...Object.keys(actual[part])])) {
      if (wanted[part][key] === actual[part][key]) continue;
      return `${part}: ${key} is ${actual[part][key] ?? 'not there'}, not ${wanted[part][key] ?? 'absent'}`;
    }
  }
  return wanted.lock === actual.lock
    ? null
    : `the lock differs:\n${actual.lock}\nnot\n${wanted.lock}`;
}
