// A loop that runs for weeks in a simulated world: edits, outages, engines that restart, clocks that
// jump, others who meddle, kills at any moment. After each stretch of trouble comes a quiet one, and
// at its end everything must be as declared; and nothing may grow: not the ledger, not the queue of
// whatever waits, not the number of words.
import { join } from 'node:path';
import process from 'node:process';
import type { ProgressEvent } from '../../src/core/progress.ts';
import type { Tell } from '../../src/watch/trigger.ts';
import { watch } from '../../src/watch.ts';
import { createLife, type Life } from './life.ts';
import { calm } from './liveness.ts';
import { furnish, type ModelSpec, wantedNames } from './manifests.ts';
import { closeDatabases, createSqliteOwner, ownDatabases } from './sqlite.ts';
import { type Declared, happen, type Step } from './steps.ts';
import { createWorld, modelsFolder, type World } from './world.ts';

export interface SoakCount {
  readonly days: number;
  readonly edits: number;
  readonly outages: number;
  readonly kills: number;
  readonly jumps: number;
  readonly meddlings: number;
  readonly actions: number;
}

const hourMs = 3_600_000;
const intervalMs = 10 * 60_000;
const troublesPerDay = 6;
/** As long as the longest wait between two tries, and some. */
const quietMs = 2 * hourMs;
/** Of all tables but the history, for six Models on two engines. */
const rowsMax = 400;

/** Throws when something is not as declared, or has grown. */
export async function soak(seed: number, days: number): Promise<SoakCount> {
  const world = createWorld(seed);
  const declared: Declared = { models: [], before: [] };
  const count = { days, edits: 0, outages: 0, kills: 0, jumps: 0, meddlings: 0, actions: 0 };
  let loop: Incarnation | null = null;
  try {
    furnish(world);
    await happen({ do: 'put', spec: model(world, 0) }, world, declared);
    for (let day = 0; day < days; day += 1) {
      for (let trouble = 0; trouble < troublesPerDay; trouble += 1) {
        loop ??= begin(world, (event) => void (count.actions += event.kind === 'finished' ? 1 : 0));
        await troubleOnce(world, declared, loop, count);
        if (world.below(4) === 0) {
          await end(loop, world);
          loop = null;
          count.kills += 1;
        }
        await world.clock.pass(1 + world.below(2 * hourMs));
      }
      loop ??= begin(world, (event) => void (count.actions += event.kind === 'finished' ? 1 : 0));
      await calm(world);
      ownDatabases(loop.owner);
      await world.clock.pass(quietMs);
      const { length } = loop.told;
      checkDeclared(world, declared.models, loop, day);
      await world.clock.pass(quietMs);
      if (loop.told.length > length) {
        throw new Error(`day ${day}: says ${loop.told.slice(length).join(', ')} while all is well`);
      }
      checkRows(world, day);
    }
    return count;
  } finally {
    if (loop !== null) await end(loop, world);
    world.end();
  }
}

interface Incarnation {
  readonly life: Life;
  readonly owner: ReturnType<typeof createSqliteOwner>;
  readonly stop: AbortController;
  readonly tell: { current: Tell | null };
  readonly told: string[];
  readonly failure: { error: Error | null };
}

function begin(world: World, report: (event: ProgressEvent) => void): Incarnation {
  const owner = createSqliteOwner();
  const life = createLife({ io: world.io, kill: null, onDeath: () => closeDatabases(owner) });
  owner.life = life;
  ownDatabases(owner);
  const stop = new AbortController();
  const loop: Incarnation = {
    life,
    owner,
    stop,
    tell: { current: null },
    told: [],
    failure: { error: null },
  };
  watch(
    { inputs: [join(world.disk.root, modelsFolder)], intervalMs, prune: true, allowEvictions: 99 },
    {
      io: life.io,
      signal: stop.signal,
      report: (event) => {
        report(event);
        loop.told.push(event.kind === 'condition' ? JSON.stringify(event.condition) : event.kind);
      },
      sourcesOfTriggers: [
        async (tell) => {
          loop.tell.current = tell;
        },
      ],
    },
  ).catch((error: unknown) => {
    if (!life.isDead()) loop.failure.error = error as Error;
  });
  return loop;
}

/** As the system ends a process: without a word. */
async function end(loop: Incarnation, world: World): Promise<void> {
  loop.life.kill();
  loop.stop.abort();
  ownDatabases(null);
  await world.clock.pass(1);
}

async function troubleOnce(
  world: World,
  declared: Declared,
  loop: Incarnation,
  count: { -readonly [K in keyof SoakCount]: SoakCount[K] },
): Promise<void> {
  const step = stepOf(world, declared, count);
  await happen(step, world, declared);
  // Half of the edits are seen at once, the others are found by the timer.
  if (world.below(2) === 0) loop.tell.current?.({ kind: 'files', paths: [] });
  if (loop.failure.error !== null) throw loop.failure.error;
}

type Outside = Exclude<Step, { do: 'apply' | 'plan' }>;

function stepOf(
  world: World,
  { models }: Declared,
  count: { -readonly [K in keyof SoakCount]: SoakCount[K] },
): Outside {
  const engine = world.below(2) === 0 ? 'main' : 'side';
  switch (world.below(8)) {
    case 0:
    case 1:
    case 2:
      count.edits += 1;
      return { do: 'put', spec: model(world, world.below(6)) };
    case 3:
      count.edits += 1;
      return models.length < 2 ? { do: 'revert' } : { do: 'remove', model: models[0]!.model };
    case 4:
      count.outages += 1;
      return { do: 'outside', act: { engine, act: { kind: 'state', state: 'down' } } };
    case 5:
      count.outages += 1;
      return { do: 'outside', act: { engine, act: { kind: 'restart' } } };
    case 6:
      count.jumps += 1;
      return { do: 'jump', ms: (world.below(48) - 24) * hourMs };
    default:
      count.meddlings += 1;
      return {
        do: 'outside',
        act: {
          engine,
          act: { kind: world.below(2) === 0 ? 'remove' : 'unload', pick: world.below(9) },
        },
      };
  }
}

const model = (world: World, index: number): ModelSpec => ({
  model: `m${index as 0 | 1 | 2 | 3 | 4 | 5}`,
  source: world.below(2) === 0 ? 'own:v1' : 'own:v2',
  aliases: [],
  ...(world.below(3) === 0 ? { system: 'Be brief.' } : {}),
  residency: world.below(3) === 0 ? 'loaded' : 'stored',
  engines: world.below(2) === 0 ? ['main'] : ['main', 'side'],
  prune: 'Delete',
});

/** What others undo twice within an hour is left alone, and has been told. */
function checkDeclared(
  world: World,
  models: readonly ModelSpec[],
  { failure, told }: Incarnation,
  day: number,
): void {
  if (failure.error !== null) throw failure.error;
  for (const engine of world.engines.values()) {
    for (const { name, model: owner } of wantedNames(models, engine.name)) {
      if (engine.names().has(name)) continue;
      const last = told.findLast((one) => one.includes(`"model":"${owner}"`));
      if (last?.includes('Contested') === true) continue;
      throw new Error(
        `day ${day}: ${name} is not on ${engine.name}; ${last ?? 'nothing was told'}`,
      );
    }
  }
}

function checkRows({ ledgerPath }: World, day: number): void {
  ownDatabases(null);
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const database = new DatabaseSync(ledgerPath, { readOnly: true });
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'history'")
      .all()
      .map((row) => String(row['name']));
    const rows = tables.map(
      (table) =>
        [
          table,
          Number(database.prepare(`SELECT COUNT(*) AS count FROM "${table}"`).get()?.['count']),
        ] as const,
    );
    const all = rows.reduce((sum, [, amount]) => sum + amount, 0);
    if (all > rowsMax) throw new Error(`day ${day}: ${all} rows: ${JSON.stringify(rows)}`);
  } finally {
    database.close();
  }
}
