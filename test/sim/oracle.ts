// Watches a scenario and says what must never happen. It knows what was declared and sees what
// changed on the engines; who owns a name it works out by itself, from who wrote it. Where the
// truth cannot be known (a run was cut off in the middle of a name) it lets the program decide.
import type { InventoryEntry, LedgerView } from '../../src/core/inventory.ts';
import type { Change, EngineName } from './engine.ts';
import { type ModelSpec, type WantedName, wantedNames } from './manifests.ts';
import { keyOf } from './steps.ts';
import { fail, Violation } from './violation.ts';
import { judgeWord } from './word.ts';
import { lockText, type Run, type World } from './world.ts';

export interface Oracle {
  /** Before a run: what is there, and what the program says that it owns. */
  readonly prepare: () => Promise<void>;
  /** After it: throws when something happened that must not. */
  readonly judge: (run: Run, models: readonly ModelSpec[]) => Promise<void>;
  /** Nobody owns anything any more. */
  readonly ledgerLost: () => void;
}

/** Losses that the guard lets through by itself; written apart from src/plan/guards.ts. */
const lossesFree = 3;
const lossesShare = 0.2;
const dayMs = 24 * 3_600_000;

const isQuarantine = ({ name }: { readonly name: string }): boolean =>
  name.startsWith('modelctl-quarantine/');

/**
 * From its last look until its request is worked on, a run cannot see what others do; nor whose
 * work it is that stands there shortly after a stream was cut.
 */
const blindMs = 400;

/** How things stand before a run. */
export interface Before {
  readonly at: number;
  readonly contents: ReadonlyMap<EngineName, ReadonlyMap<string, string>>;
  readonly inventory: readonly InventoryEntry[];
  readonly ledgerMode: LedgerView['mode'];
  readonly lock: string;
}

export function createOracle(world: World): Oracle {
  /** Contents that a run of ours put under a name, by engine and name. */
  const written = new Map<string, Set<string>>();
  /** Names on which a run was cut off: whose work is there now nobody can tell. */
  const doubtful = new Set<string>();
  /** Names that were found as wanted. */
  const adopted = new Set<string>();
  const losses: { readonly engine: EngineName; readonly model: string; readonly at: number }[] = [];
  let before: Before = {
    at: 0,
    contents: new Map(),
    inventory: [],
    ledgerMode: 'writable',
    lock: '',
  };

  const engineOf = (backend: string): EngineName =>
    [...world.engines.values()].find(({ origin }) => origin === backend)?.name ?? 'main';

  /** A pull takes its time, and the engine looks at nothing when it writes the name in the end. */
  const wasBlind = ({ engine: name, name: of, after, at }: Change): boolean => {
    const engine = world.engines.get(name);
    const touchedAt = engine?.touchedAt.get(of) ?? Number.NEGATIVE_INFINITY;
    if (touchedAt < before.at) return false;
    return after !== null || engine?.state === 'slow' || at - touchedAt < blindMs;
  };

  const judgeChange = (change: Change, run: Run, wanted: WantedName | undefined): void => {
    const { engine, name, before: from, after } = change;
    if (wasBlind(change)) return;
    const key = keyOf(engine, name);
    const request = run.options.request ?? {};
    const ours = written.get(key);
    const byThisRun = run.changes.some(
      (one) => one.name === name && one.engine === engine && one.after === from,
    );
    if (from === null) {
      if (wanted === undefined) fail(run, change, 'made a name that nobody declared');
      return;
    }
    if (after === null && wanted === undefined) {
      if (byThisRun) return;
      if (request.prune !== true) fail(run, change, 'evicted without being asked to prune');
      if (request.targets !== undefined) fail(run, change, 'evicted in a run for some Models only');
      if (ours?.has(from) !== true && !doubtful.has(key))
        fail(run, change, 'evicted what it had not brought');
      return;
    }
    // A name that is wanted loses its content: to other content, or to make what was tried undone.
    const start = before.contents.get(engine)?.get(name) ?? null;
    const undoes = byThisRun && (after === start || after === null);
    const taken =
      wanted !== undefined &&
      (request.takeOver ?? []).some((one) => one === name || one === wanted.model);
    const owned = ours !== undefined || adopted.has(key) || doubtful.has(key);
    if (wanted === undefined && !undoes) fail(run, change, 'overwrote a name that nobody declared');
    if (after === null && !undoes) fail(run, change, 'removed a name that is wanted');
    if (!undoes && !owned && !taken) fail(run, change, 'overwrote what it does not own');
  };

  const judgeLosses = (
    run: Run,
    engine: EngineName,
    names: ReadonlyMap<string, WantedName>,
  ): void => {
    const now = world.clock.now();
    const recent = losses.filter((one) => one.engine === engine && one.at > now - dayMs);
    const lost = new Set(lostModels(run, engine, names));
    // What is lost again counts once: a run may finish what one before it began.
    const total = new Set([...lost, ...recent.map(({ model }) => model)]).size;
    const allowed = run.options.request?.allowEvictions ?? null;
    const own = new Set(
      before.inventory
        .filter((entry) => engineOf(entry.backend) === engine)
        .map((entry) => entry.model),
    );
    const limit = Math.max(lossesFree, Math.floor(own.size * lossesShare));
    if (lost.size > 0 && allowed === null && total > limit) {
      throw new Violation(
        `lost ${total} models on ${engine} within a day, ${limit} of ${own.size} may be`,
        run,
      );
    }
    for (const model of lost) losses.push({ engine, model, at: now });
  };

  /** Models whose weights were there before and are not, or are others. */
  const lostModels = (
    run: Run,
    engine: EngineName,
    names: ReadonlyMap<string, WantedName>,
  ): readonly string[] => {
    const touched = new Set(
      run.changes
        .filter((one) => one.engine === engine && !isQuarantine(one))
        .map(({ name }) => name),
    );
    return [...touched].flatMap((name) => {
      const wanted = names.get(name);
      const start = before.contents.get(engine)?.get(name);
      const last =
        run.changes.findLast((one) => one.engine === engine && one.name === name)?.after ?? null;
      if (start === undefined || start === last) return [];
      if (wanted === undefined) {
        const entry = before.inventory.find(
          (one) => one.name === name && engineOf(one.backend) === engine,
        );
        return [entry?.model ?? name];
      }
      return wanted.from.kind === 'tag' || wanted.from.kind === 'import' ? [wanted.model] : [];
    });
  };

  const judgeInventory = async (run: Run): Promise<void> => {
    const { inventory, view } = await world.ledger();
    if (view.mode === 'read-only') return;
    const known = new Set(inventory.map((entry) => keyOf(engineOf(entry.backend), entry.name)));
    for (const { engine, name, after } of run.changes) {
      if (after === null || isQuarantine({ name }) || known.has(keyOf(engine, name))) continue;
      if (world.engines.get(engine)?.names().get(name) !== after) continue;
      throw new Violation(`${name} on ${engine} was brought and is not on record`, run);
    }
  };

  /** Who owns what from now on. */
  const learn = async (run: Run, models: readonly ModelSpec[]): Promise<void> => {
    const bring = (key: string, digest: string): void => {
      written.set(key, (written.get(key) ?? new Set()).add(digest));
    };
    for (const { engine, name, after } of run.changes) {
      const key = keyOf(engine, name);
      const isWanted = wantedNames(models, engine).some((one) => one.name === name);
      if (after !== null) bring(key, after);
      else if (!isWanted) written.delete(key);
    }
    // Somebody else may have brought the same at the same time: then it is ours as well.
    for (const { action, outcome, digest } of run.result?.changes?.entries ?? []) {
      if (outcome !== 'pulled' && outcome !== 'created') continue;
      bring(keyOf(engineOf(action.backend), action.name), (digest ?? '').slice('sha256:'.length));
    }
    for (const one of run.result?.plan?.unchanged ?? [])
      adopted.add(keyOf(engineOf(one.backend), one.name));
    // A run that was cut off may have got as far as putting on record what it found as wanted.
    const { inventory, view } = await world.ledger();
    for (const entry of run.result === null ? inventory : []) {
      const engine = engineOf(entry.backend);
      const found = before.contents.get(engine)?.get(entry.name);
      const isWanted = wantedNames(models, engine).some(({ name }) => name === entry.name);
      if (isWanted && entry.adopted && entry.digest === `sha256:${found}`)
        adopted.add(keyOf(engine, entry.name));
    }
    // What was to be taken over may have been made anew with the very same content.
    const taken = run.result === null ? (run.options.request?.takeOver ?? []) : [];
    for (const [engine] of world.engines) {
      for (const { name, model } of wantedNames(models, engine)) {
        if (taken.includes(model)) doubtful.add(keyOf(engine, name));
      }
    }
    for (const text of view.interrupted) {
      const [, backend = '', name = ''] = text.split('|');
      doubtful.add(keyOf(engineOf(backend), name));
    }
  };

  return {
    prepare: async () => {
      const contents = new Map(
        [...world.engines].map(([name, engine]) => [name, engine.names()] as const),
      );
      const { inventory, view } = await world.ledger();
      const lock = lockText(world);
      before = { at: world.clock.now(), contents, inventory, ledgerMode: view.mode, lock };
    },
    judge: async (run, models) => {
      if (run.options.mode === 'plan' && run.effects.length + run.changes.length > 0) {
        throw new Violation('a plan changed something', run);
      }
      for (const [engine] of world.engines) {
        const names = new Map(wantedNames(models, engine).map((one) => [one.name, one]));
        for (const change of run.changes) {
          if (change.engine === engine && !isQuarantine(change))
            judgeChange(change, run, names.get(change.name));
        }
        judgeLosses(run, engine, names);
      }
      judgeReach(run);
      judgeWord(run, models, { world, before });
      await judgeInventory(run);
      await learn(run, models);
    },
    ledgerLost: () => {
      written.clear();
      doubtful.clear();
      adopted.clear();
      losses.length = 0;
    },
  };
}

function judgeReach({ result, ...run }: Run): void {
  for (const action of result?.plan?.actions ?? []) {
    const seen = result?.observed?.backends.get(`${action.host}|${action.backend}`);
    if (seen?.kind !== 'reachable')
      throw new Violation(`${action.id} on an engine that does not answer`, { result, ...run });
  }
}
