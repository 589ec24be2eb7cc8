// The writing half of the pipeline: execute, record. Runs under the lock of this machine. The lock
// file and the widened inventory are written before the first effect, so that whatever a crash
// leaves behind is pinned and owned.
import { actionProgress } from './action-progress.ts';
import { releaseRestored } from './artifacts/stores/restored.ts';
import type { Performed } from './backends/backend.ts';
import { bytesOf } from './bytes.ts';
import type { Companions } from './companions.ts';
import type { Considered, Surroundings } from './consider.ts';
import type { Artifact } from './core/artifact.ts';
import { assert } from './core/assert.ts';
import type { ChangeSet } from './core/changeset.ts';
import type { Digest } from './core/digest.ts';
import { backendKey, placementKey } from './core/key.ts';
import type { Observed } from './core/observed.ts';
import { type Action, type CreateAction, isServiceAction } from './core/plan.ts';
import { checked } from './core/problem.ts';
import type { Report } from './core/progress.ts';
import { execute } from './execute/execute.ts';
import { observe } from './observe/observe.ts';
import { factsAfter } from './record/facts.ts';
import { entriesBeforeRun, settlementOf } from './record/record.ts';
import { writeLock } from './resolve/lock-update.ts';

export interface ApplySurroundings extends Surroundings {
  readonly cacheFolder: string;
  readonly report: Report;
  /** Who else acts at the same time under the same lock. */
  readonly companions: Companions;
}

export interface Applied {
  /** Null when the plan had nothing to do. */
  readonly changes: ChangeSet | null;
  /** Where the lock was written; null when it stayed as it is. */
  readonly lockPath: string | null;
}

/** Whether there is anything to write at all: an action, a line of the lock, a row of the ledger, what a killed run left. */
export function hasWork(considered: Considered, { ledger }: Surroundings): boolean {
  const { plan, lockUpdate } = considered;
  if (plan.actions.length > 0 || lockUpdate.text !== null) return true;
  if (ledger.drafts.all().length > 0) return true;
  return ledger.wouldSettle(settlement(considered, null));
}

export async function apply(considered: Considered, around: ApplySurroundings): Promise<Applied> {
  const { plan, lockUpdate, setState } = considered;
  const { io, ledger } = around;
  const lockPath = lockUpdate.text === null ? null : await writeLock(setState, lockUpdate.text, io);
  const changes = plan.actions.length === 0 ? null : await executeRecorded(considered, around);
  const learned = changes === null ? considered.observed : await lookAgain(considered, around);
  const after = { ...considered, ledgerView: ledger.view(io.clock.now()) };
  ledger.settle({ ...settlement(after, changes), learned: detailsIn(learned) });
  return { changes, lockPath };
}

/**
 * What the engines say of what was just made is learned now, so that the next run, which finds
 * nothing to do, has nothing to ask either.
 */
async function lookAgain(considered: Considered, around: Surroundings): Promise<Observed> {
  const { io, signal, ledger } = around;
  const { engines, desired } = considered.resolved;
  try {
    signal.throwIfAborted();
    return await observe(engines, desired, ledger.view(io.clock.now()), { io, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    return considered.observed;
  }
}

const detailsIn = ({ backends }: Observed) =>
  new Map(
    [...backends].flatMap(([key, backend]) =>
      backend.kind === 'reachable' ? [[key, backend.learned] as const] : [],
    ),
  );

async function executeRecorded(
  considered: Considered,
  around: ApplySurroundings,
): Promise<ChangeSet> {
  const { plan, set, setState, resolved } = considered;
  const { io, ledger, signal, report, cacheFolder, companions } = around;
  const own = [...(considered.backends ?? [''])].join(' ');
  const bytes = await bytesOf(considered, own, around);
  const run = ledger.beginRun({
    ...scope(considered),
    entries: entriesBeforeRun(recordInput(considered)),
  });
  const perform = (action: Action, actionSignal: AbortSignal): Promise<Performed> => {
    const engine = resolved.engines.get(backendKey(action));
    assert(engine !== undefined, 'an action is for an engine that was observed');
    const progress = actionProgress(action, { report, clock: io.clock });
    if (isServiceAction(action)) {
      assert(engine.service !== undefined, 'an engine is restarted by its service');
      return engine.service.perform(action, { io, signal: actionSignal });
    }
    return engine.backend.perform(action, {
      io,
      signal: actionSignal,
      onBytes: progress.onBytes,
      ...bytes.shared,
      obtain: bytes.obtainFor(engine.backend, action, { signal: actionSignal, progress }),
      revisionUpstream: async (artifact) => {
        const { source } = artifact;
        const folder = setState.folder;
        const context = { io, folder, routes: considered.routes, signal: actionSignal };
        const now = await around.sources.sourceOf(source).resolve(source, context);
        return now.ok ? checked(now.value.revision) : now;
      },
    });
  };
  const changes = await execute(plan, {
    io,
    signal,
    report,
    perform,
    onBegin: (action) => run.openIntent(action, io.clock.now()),
    onEnd: (entry, { details }) => {
      const entryOf = (at: Pick<Action, 'host' | 'backend' | 'name'>) => ledger.entryOf(set, at);
      const facts = factsAfter(entry, { desired: resolved.desired, details, entryOf });
      run.closeIntent(entry, facts, io.clock.now());
    },
  });
  const open = changes.entries.filter(({ outcome }) => outcome !== 'unchanged' && isOpen(outcome));
  const wanted = new Set(open.flatMap(({ action }) => wantedFiles(action)));
  const done = changes.entries.filter(({ outcome }) => !isOpen(outcome));
  const installed = new Set(done.flatMap(({ action }) => wantedFiles(action)));
  await companions.leave(own, wanted, async (all) => {
    await bytes.sweep(all);
    const needed = new Set([...all, ...heldFiles(considered)]);
    await releaseRestored(io, cacheFolder, { set, installed, wanted: needed });
  });
  return changes;
}

const isOpen = (outcome: string): boolean =>
  outcome === 'failed' || outcome === 'unknown' || outcome === 'skipped';

/** What a later run still needs of what was fetched. */
const wantedFiles = (action: Action): readonly Digest[] =>
  'artifact' in action
    ? [...filesOf(action.artifact), ...('build' in action ? adaptersOf(action.build) : [])]
    : [];

const filesOf = ({ files }: Pick<Artifact, 'files'>): readonly Digest[] =>
  files.map(({ digest }) => digest);

const adaptersOf = (build: CreateAction['build']): readonly Digest[] =>
  build.kind === 'derive' ? (build.recipe.adapters ?? []).map(({ digest }) => digest) : [];

/** Of placements that were not brought about in this run. */
const heldFiles = ({ plan, resolved }: Considered): readonly Digest[] =>
  plan.held.flatMap((held) => {
    const placement = resolved.desired.placements.get(placementKey(held));
    return placement === undefined ? [] : filesOf(placement.artifact);
  });

/** Entries on engines that were not looked at stay as they are: the record is not shown them. */
const recordInput = ({ plan, resolved, observed, ledgerView, backends, set }: Considered) => ({
  plan,
  desired: resolved.desired,
  observed,
  ledger: {
    ...ledgerView,
    inventory:
      backends === null
        ? ledgerView.inventory
        : ledgerView.inventory.filter(
            (entry) => entry.set !== set || backends.has(backendKey(entry)),
          ),
  },
});

const settlement = (considered: Considered, changes: ChangeSet | null) => ({
  ...scope(considered),
  ...settlementOf(recordInput(considered), changes),
});

const scope = ({ set, location, chosenEngine, resolved }: Considered) => ({
  set,
  location,
  engine: chosenEngine,
  backends: [...resolved.engines.values()].map(({ reference }) => reference),
});
