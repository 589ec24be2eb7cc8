// What a person asks of runs and loops on this machine: leave a Model alone for a while, go on with
// it, look again now. Each is a row of the ledger, written beside whoever holds the lock.
import { assert } from './core/assert.ts';
import type { InventoryEntry } from './core/inventory.ts';
import { errorProblem, ProblemError } from './core/problem.ts';
import type { ReconcileAnswer, RunningWatch, Suspension } from './core/wish.ts';
import type { Io } from './io/io.ts';
import { isRunning } from './io/is-running.ts';
import { type Ledger, openLedger } from './record/ledger.ts';
import { ledgerPathOf } from './state-files.ts';

interface WishContext {
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** A Model of a set on this machine. */
export interface OwnedModel {
  readonly set: string;
  readonly model: string;
}

/**
 * What a name means here: a served name, which is the narrower, or else a Model; its own sets only.
 * Empty when nothing of it is on record.
 */
function modelsCalled(
  inventory: readonly Pick<InventoryEntry, 'name' | 'model' | 'set'>[],
  name: string,
): readonly OwnedModel[] {
  const served = inventory.filter((one) => one.name === name || one.name === `${name}:latest`);
  const found = served.length > 0 ? served : inventory.filter(({ model }) => model === name);
  const bySet = new Map(found.map(({ set, model }) => [`${set} ${model}`, { set, model }]));
  return [...bySet.values()];
}

/**
 * Leaves what is called so alone until then: it is neither changed nor evicted, by `apply` no more
 * than by `watch`. Throws ProblemError when nothing is called so, or the ledger cannot be written.
 */
export const suspend = (
  name: string,
  { until, reason }: { readonly until: number; readonly reason: string },
  { io }: WishContext,
): Promise<readonly Suspension[]> =>
  besideLedger(io, name, (ledger) => {
    const at = io.clock.now();
    const models = modelsCalled(ledger.inventory(), name);
    if (models.length === 0) throw notOwned(name);
    const suspensions = models.map((one) => ({ ...one, until, reason, who: whoIs(io), at }));
    for (const one of suspensions) ledger.wishes.suspend(one);
    return suspensions;
  });

/** Ends that, and has what was given up as contested tried again. Empty when there was neither. */
export const resume = (name: string, { io }: WishContext): Promise<readonly OwnedModel[]> =>
  besideLedger(io, name, (ledger) => {
    // A Model that left the set may be suspended, too.
    const known = ledger.wishes.suspensions().map((one) => ({ ...one, name: one.model }));
    const models = modelsCalled([...ledger.inventory(), ...known], name);
    if (models.length === 0) throw notOwned(name);
    return models.filter(({ set, model }) => ledger.wishes.resume(set, model));
  });

export interface Asked {
  readonly watch: RunningWatch;
  /** Null when nobody waited for it. */
  readonly answer: ReconcileAnswer | null;
}

/**
 * Asks every running `watch` to look at a name, or at all, now. With `timeoutMs` waits so long for
 * the answers; who has not answered by then has none. Throws ProblemError when no watch runs.
 */
export async function askWatches(
  name: string | null,
  { timeoutMs }: { readonly timeoutMs: number | null },
  { io, signal }: WishContext,
): Promise<readonly Asked[]> {
  const path = ledgerPathOf(io.environment);
  if ((await io.files.stat(path)) === null) throw noWatch();
  const ledger = await openLedger({ path, mode: 'beside' }, io);
  try {
    if (ledger.problem !== null) throw new ProblemError(ledger.problem);
    const watches = await runningWatches(ledger, io);
    if (watches.length === 0) throw noWatch();
    const asks = watches.map((watch) => ({ watch, id: io.random.hex(8) }));
    const at = io.clock.now();
    for (const { watch, id } of asks) {
      ledger.wishes.ask({ id, watch: watch.id, name, who: whoIs(io), at, answer: null });
    }
    if (timeoutMs === null) return watches.map((watch) => ({ watch, answer: null }));
    const deadline = io.clock.elapsed() + timeoutMs;
    for (;;) {
      const answers = new Map(ledger.wishes.asks().map((one) => [one.id, one.answer]));
      const isOpen = asks.some(({ id }) => answers.has(id) && answers.get(id) === null);
      if (!isOpen || io.clock.elapsed() >= deadline) {
        for (const { id } of asks) ledger.wishes.forgetAsk(id);
        return asks.map(({ watch, id }) => ({ watch, answer: answers.get(id) ?? null }));
      }
      await io.clock.sleep(pollMs, signal);
    }
  } finally {
    ledger.close();
  }
}

const pollMs = 200;

/** Those of processes that are gone are taken off the record on the way. */
async function runningWatches(ledger: Ledger, io: Io): Promise<readonly RunningWatch[]> {
  const running: RunningWatch[] = [];
  for (const watch of ledger.wishes.watches()) {
    if (await isRunning(io.processes, watch.process)) running.push(watch);
    else ledger.wishes.removeWatch(watch.id);
  }
  return running;
}

async function besideLedger<T>(io: Io, name: string, work: (ledger: Ledger) => T): Promise<T> {
  const path = ledgerPathOf(io.environment);
  // Without a ledger nothing is on record that a name could mean.
  if ((await io.files.stat(path)) === null) throw notOwned(name);
  const ledger = await openLedger({ path, mode: 'beside' }, io);
  try {
    if (ledger.problem !== null) throw new ProblemError(ledger.problem);
    return work(ledger);
  } finally {
    ledger.close();
  }
}

function whoIs({ environment }: Pick<Io, 'environment'>): string {
  const who = environment.get('USER') ?? environment.get('USERNAME') ?? environment.hostname;
  assert(who.length > 0, 'this machine has a name');
  return who;
}

const notOwned = (name: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'cli/not-owned',
      summary: 'modelctl does not own this',
      detail: `No set on this machine has anything called "${name}" on record.`,
      remedy: 'See what is owned:\n\n    modelctl get -o wide',
    }),
  );

const noWatch = (): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'cli/no-watch',
      summary: 'No watch is running on this machine',
      detail: 'Nobody is there who could be asked to look again.',
      remedy:
        'Start one, or do it once yourself:\n\n    modelctl watch -f models.yaml\n    modelctl apply -f models.yaml',
    }),
  );
