// What can happen in a scenario: people edit and run, others meddle, machines fail. A step is plain
// data, so that a scenario can be printed, shrunk and run again; how a step is done is here too.
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ReconcileRequest } from '../../src/reconcile.ts';
import type { Fault } from '../fakes/ollama/faults.ts';
import type { EngineName, SimEngine } from './engine.ts';
import type { Kill } from './life.ts';
import {
  declare,
  foreignTag,
  type ModelName,
  type ModelSpec,
  publish,
  type versionsOfTag,
  wantedNames,
} from './manifests.ts';
import { ledgerFile, modelFile, modelsFolder, type Run, type World } from './world.ts';

export type Step =
  | { readonly do: 'put'; readonly spec: ModelSpec }
  | { readonly do: 'remove'; readonly model: ModelName }
  | { readonly do: 'empty' }
  | { readonly do: 'revert' }
  | {
      readonly do: 'apply';
      readonly prune: boolean;
      readonly takeOver: boolean;
      readonly allowEvictions: boolean;
      readonly targets: readonly ModelName[] | null;
      readonly locked: boolean;
      readonly kill: Kill | null;
      readonly interruptAfterMs: number | null;
      /** Laid out before it starts. */
      readonly faults: readonly Outside[];
      readonly meanwhile: readonly { readonly afterMs: number; readonly act: Outside }[];
    }
  | { readonly do: 'plan'; readonly prune: boolean }
  | { readonly do: 'outside'; readonly act: Outside }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'jump'; readonly ms: number }
  | { readonly do: 'ledger'; readonly becomes: 'lost' | 'damaged' }
  | { readonly do: 'disk'; readonly isFull: boolean }
  | { readonly do: 'host'; readonly host: string; readonly isDown: boolean }
  | { readonly do: 'tag'; readonly tag: string; readonly version: (typeof versionsOfTag)[number] }
  | { readonly do: 'file'; readonly file: 'one' | 'two'; readonly version: 'first' | 'changed' };

/** What somebody else does to an engine, or what befalls it. */
export interface Outside {
  readonly engine: EngineName;
  readonly act:
    | {
        readonly kind: 'remove' | 'overwrite' | 'install' | 'load' | 'unload';
        readonly pick: number;
      }
    | { readonly kind: 'copy'; readonly pick: number; readonly onto: number }
    | { readonly kind: 'state'; readonly state: SimEngine['state'] }
    | { readonly kind: 'restart' }
    | {
        readonly kind: 'fault';
        readonly on: string;
        readonly fault: Fault;
        readonly times: number;
        readonly skip: number;
      };
}

/** What the users declare now, and declared before. */
export interface Declared {
  models: readonly ModelSpec[];
  before: readonly ModelSpec[];
}

export const keyOf = (engine: EngineName, name: string): string => `${engine} ${name}`;

/** Does all steps but runs. */
export function happen(
  step: Exclude<Step, { do: 'apply' | 'plan' }>,
  world: World,
  declared: Declared,
): Promise<void> | void {
  switch (step.do) {
    case 'put':
      return redeclare(world, declared, [
        ...declared.models.filter(({ model }) => model !== step.spec.model),
        step.spec,
      ]);
    case 'remove':
      return redeclare(
        world,
        declared,
        declared.models.filter(({ model }) => model !== step.model),
      );
    case 'empty':
      return redeclare(world, declared, []);
    case 'revert':
      return redeclare(world, declared, declared.before);
    case 'outside':
      return meddle(step.act, world, declared);
    case 'wait':
      return world.clock.pass(step.ms);
    case 'jump':
      return world.clock.jump(step.ms);
    case 'ledger':
      return spoilLedger(world, step.becomes);
    case 'disk':
      world.disk.isFull = step.isFull;
      return;
    case 'host':
      if (step.isDown) world.downHosts.add(step.host);
      else world.downHosts.delete(step.host);
      return;
    case 'tag':
      publish(world, step.tag, step.version);
      return;
    case 'file':
      return writeModelFile(world, step.file, step.version);
  }
}

export const writeModelFile = (
  world: World,
  file: 'one' | 'two',
  version: 'first' | 'changed',
): void =>
  world.disk.put(
    join(modelsFolder, 'files', `${file}.gguf`),
    modelFile(fileVariant(file, version)),
  );

export const fileVariant = (file: 'one' | 'two', version: 'first' | 'changed'): string =>
  version === 'first' ? file : `${file} changed`;

function redeclare(world: World, declared: Declared, models: readonly ModelSpec[]): void {
  declared.before = declared.models;
  declared.models = agreeable(models);
  declare(world, declared.models);
}

/**
 * Without what no manifest may say: one name for two contents, one content kept in memory in two
 * ways. The later Model gives way.
 */
export function agreeable(models: readonly ModelSpec[]): readonly ModelSpec[] {
  const taken = new Set<string>();
  const contexts = new Map<string, string>();
  return models.map((spec) => {
    const aliases = spec.aliases.filter((alias) => !taken.has(alias));
    for (const alias of aliases) taken.add(alias);
    if (spec.residency !== 'loaded' && spec.residency !== 'pinned') return { ...spec, aliases };
    const weights = weightsKey(spec);
    const options = JSON.stringify([spec.contextLength, spec.threads]);
    const clash = contexts.has(weights) && contexts.get(weights) !== options;
    if (!clash) contexts.set(weights, options);
    return { ...spec, aliases, residency: clash ? 'stored' : spec.residency };
  });
}

const weightsKey = ({ source, model }: ModelSpec): string => {
  if (source === 'file-one' || source === 'web-one') return 'one';
  return source.startsWith('own:') ? `${model} ${source}` : source;
};

export function runStep(
  step: Extract<Step, { do: 'apply' | 'plan' }>,
  world: World,
  declared: Declared,
): Promise<Run> {
  if (step.do === 'plan') return world.run({ mode: 'plan', request: { prune: step.prune } });
  const request: Partial<ReconcileRequest> = {
    prune: step.prune,
    locked: step.locked,
    ...(step.takeOver ? { takeOver: declared.models.map(({ model }) => model) } : {}),
    ...(step.allowEvictions ? { allowEvictions: 99 } : {}),
    ...(step.targets === null ? {} : { targets: step.targets }),
  };
  for (const fault of step.faults) meddle(fault, world, declared);
  const meanwhile = step.meanwhile.map(({ afterMs, act }) => ({
    afterMs,
    act: () => meddle(act, world, declared),
  }));
  const { kill, interruptAfterMs } = step;
  return world.run({ mode: 'apply', request, kill, interruptAfterMs, meanwhile });
}

function meddle({ engine: name, act }: Outside, world: World, declared: Declared): void {
  const engine = world.engines.get(name);
  if (engine === undefined) return;
  const { fake } = engine;
  const wanted = wantedNames(declared.models, name).map((one) => one.name);
  const present = [...engine.names().keys()].filter(
    (one) => !one.startsWith('modelctl-quarantine/'),
  );
  const choose = (pick: number, from: readonly string[]): string | undefined =>
    from[pick % from.length];
  switch (act.kind) {
    case 'remove': {
      const target = choose(act.pick, present);
      if (target !== undefined) engine.change(() => fake.foreign.remove(target));
      return;
    }
    case 'overwrite': {
      const target = choose(act.pick, [...wanted, ...present]);
      if (target !== undefined) engine.install(foreignTag, target);
      return;
    }
    case 'install': {
      const upstream = wanted.filter((one) => one.includes(':v'));
      engine.install(choose(act.pick, [foreignTag, ...upstream]) ?? foreignTag);
      return;
    }
    case 'copy': {
      const [from, to] = [
        choose(act.pick, present),
        choose(act.onto, [...wanted, 'elsewhere:latest']),
      ];
      if (from !== undefined && to !== undefined) engine.copy(from, to);
      return;
    }
    case 'load':
    case 'unload': {
      const target = choose(act.pick, present);
      if (target !== undefined) engine.generate(target, act.kind === 'load' ? '5m' : 0);
      return;
    }
    case 'state':
      engine.state = act.state;
      return;
    case 'restart':
      fake.restart();
      return;
    case 'fault':
      fake.faults.add({
        on: new RegExp(act.on),
        fault: act.fault,
        times: act.times,
        skip: act.skip,
      });
      return;
  }
}

function spoilLedger(world: World, becomes: 'lost' | 'damaged'): void {
  for (const end of ['', '-wal', '-shm']) rmSync(`${world.ledgerPath}${end}`, { force: true });
  if (becomes === 'damaged') world.disk.put(ledgerFile, 'this is no database at all'.repeat(40));
}

/** What the remedy for a damaged ledger says: it is set aside. */
export function setLedgerAside(world: World): void {
  renameSync(world.ledgerPath, `${world.ledgerPath}.damaged`);
}
