// Where the bytes of a run come from: what is on this machine already, else the sources, and what of
// it is shared with other tools. Joins the parts that move bytes with what the ledger keeps of them.
import type { ActionProgress } from './action-progress.ts';
import { createObtain } from './artifacts/transfer/obtain.ts';
import { type Coming, noRoom, withoutRoom } from './artifacts/transfer/room.ts';
import type { Backend, PerformContext } from './backends/backend.ts';
import type { Companions } from './companions.ts';
import type { Considered, Surroundings } from './consider.ts';
import type { Digest } from './core/digest.ts';
import type { Action, Plan } from './core/plan.ts';
import { type Problem, ProblemError } from './core/problem.ts';
import type { Report } from './core/progress.ts';
import { spanBytes } from './core/span.ts';
import type { TransferJournal } from './core/transfer.ts';
import type { FileSpace } from './io/io.ts';
import { localStores } from './local-stores.ts';
import { sharedCaches } from './shared-caches.ts';

export interface Bytes {
  readonly obtainFor: (
    backend: Backend,
    action: Action,
    call: { readonly signal: AbortSignal; readonly progress: ActionProgress },
  ) => PerformContext['obtain'];
  /** What is ours in caches that other tools use too. */
  readonly shared: Pick<PerformContext, 'sharedFiles' | 'isStored'>;
  /** When the run has ended: clears away what no open work and no engine needs any more. */
  readonly sweep: (open: ReadonlySet<Digest>) => Promise<void>;
}

/** Looks how much room there is for all that the plan fetches; fetches nothing. */
export async function bytesOf(
  { plan, setState, routes, resolved }: Considered,
  own: string,
  around: Surroundings & {
    readonly cacheFolder: string;
    readonly report: Report;
    readonly companions: Companions;
  },
): Promise<Bytes> {
  const { io, ledger, cacheFolder, report, companions } = around;
  const references = [
    ...ledger.backends(),
    ...[...resolved.engines.values()].map(({ reference }) => reference),
  ];
  const transfers = createObtain({
    io,
    cacheFolder,
    folderOf: () => setState.folder,
    routes,
    journal: ledger.journal,
    stores: localStores(references, io),
    flights: companions.flights,
  });
  const coming = comingOf(plan, ledger.journal);
  companions.expect(
    own,
    coming.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const lacking = withoutRoom(
    coming,
    less(await io.files.space(transfers.folder), companions.expectedBytes(own)),
  );
  const shared = await sharedCaches(references, ledger, io);
  /** What cannot be shared is installed all the same. */
  const aside = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      report({ kind: 'problem', problem: asWarning(error.problem) });
    }
  };
  return {
    shared,
    obtainFor:
      (backend, action, { signal, progress }) =>
      async (artifact, file, onBytes) => {
        const lackingBytes = lacking.get(action.id);
        if (lackingBytes !== undefined) {
          throw new ProblemError(noRoom(transfers.folder, lackingBytes));
        }
        const obtained = await progress.ofFile(file, onBytes, (tell) =>
          transfers.obtain(artifact, file, { ...tell, signal, wantedBy: action }),
        );
        if (backend.keepsFiles === true) {
          await aside(() => shared.share(artifact, file, obtained, signal));
        }
        return obtained;
      },
    sweep: async (open) => {
      await transfers.sweep(open);
      // An interrupted run leaves it to the next one.
      if (!around.signal.aborted) await aside(shared.sweep);
    },
  };
}

/** What others are going to fetch at the same time has no other room than this. */
const less = (space: FileSpace | null, bytes: number): FileSpace | null =>
  space === null ? null : { ...space, freeBytes: Math.max(0, space.freeBytes - bytes) };

const comingOf = ({ actions }: Plan, journal: TransferJournal): readonly Coming[] =>
  actions.map((action) => ({ id: action.id, bytes: comingBytes(action, journal) }));

/** Less what an earlier run left of it. */
function comingBytes(action: Action, journal: TransferJournal): number {
  if (!('artifact' in action)) return 0;
  const there = action.artifact.files.map(({ digest }) =>
    spanBytes(journal.find(digest)?.written ?? []),
  );
  return Math.max(0, action.bytes.download - there.reduce((sum, bytes) => sum + bytes, 0));
}

const asWarning = (problem: Problem): Problem => ({ ...problem, severity: 'warning' });
