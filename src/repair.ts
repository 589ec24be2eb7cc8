// Brings back the bytes of damaged files. Looks first, without a lock; where there is damage it takes
// the lock of this machine, looks at the damaged files once more, since what gates a write must not be
// stale, and replaces those. It changes no name, no lock and no inventory: what a model is stays.

import { rememberHash } from './artifacts/hash-file.ts';
import type { LocalStore } from './artifacts/stores/local.ts';
import { createObtain, type Obtain } from './artifacts/transfer/obtain.ts';
import type { Considered } from './consider.ts';
import type { Digest } from './core/digest.ts';
import type { HistoryEntry } from './core/history.ts';
import { backendKey, type Placement, placementKey } from './core/key.ts';
import { type Problem, ProblemError } from './core/problem.ts';
import type { Repair, UnverifiedName, VerifiedCopy } from './core/verification.ts';
import { homeOf } from './io/home.ts';
import { withLedger } from './machine-ledger.ts';
import { underMachineLock } from './machine-lock.ts';
import {
  type LedgerContext,
  type LookedAt,
  lookAt,
  type VerifyContext,
  type VerifyRequest,
} from './verify.ts';
import { copyOf, isDamaged, lookAgain, remember, type Seen } from './verifying/look.ts';
import { bytesToFetch, type MendedFiles, mend } from './verifying/mend.ts';

export interface RepairRequest extends VerifyRequest {
  /** Only say what would be fetched and replaced. */
  readonly dryRun?: boolean;
  /** Bytes per second that are fetched at most; in the place of the Host's. */
  readonly rateLimit?: number;
  /** Milliseconds to wait for another process's lock. Default 0. */
  readonly lockTimeoutMs?: number;
}

export interface RepairContext extends VerifyContext {
  /** Told while bytes are fetched, file by file. */
  readonly onBytes?: (path: string, completedBytes: number, totalBytes: number) => void;
}

export interface Repaired {
  readonly repairs: readonly Repair[];
  /** What was looked at and not found damaged. */
  readonly copies: readonly VerifiedCopy[];
  readonly names: readonly UnverifiedName[];
  readonly problems: readonly Problem[];
  /** 1 invalid, 3 something was not repaired or not checked, 5 locked by another process, 130 aborted. */
  readonly exitCode: 0 | 1 | 3 | 5 | 130;
}

/** Expected failures are in the result; it rejects only for bugs of ours. Safe to repeat. */
export async function repair(request: RepairRequest, context: RepairContext): Promise<Repaired> {
  try {
    const looked = await withLedger(context.io, 'read', (ledger) =>
      lookAt(request, { ...context, ledger }),
    );
    if (!looked.ok) return stopped(looked.problems, 1);
    const found = looked.value;
    if (request.dryRun === true || !found.seen.some(isDamaged)) {
      return repaired(found, planned(found), looked.problems);
    }
    return await underLock(request, found, context, looked.problems);
  } catch (error) {
    if (context.signal.aborted) return stopped([], 130);
    if (!(error instanceof ProblemError)) throw error;
    const { problem } = error;
    return stopped([problem], problem.code === 'record/locked' ? 5 : 3);
  }
}

function repaired(
  { seen, names }: LookedAt,
  repairs: readonly Repair[],
  problems: readonly Problem[],
): Repaired {
  const copies = seen.filter((one) => !isDamaged(one)).map(copyOf);
  const isOpen =
    repairs.some(({ outcome }) => outcome === 'failed') ||
    copies.some(({ verdict }) => verdict.status === 'unchecked') ||
    names.some(({ status }) => status !== 'absent');
  return { repairs, copies, names, problems, exitCode: isOpen ? 3 : 0 };
}

const stopped = (problems: readonly Problem[], exitCode: Repaired['exitCode']): Repaired => ({
  repairs: [],
  copies: [],
  names: [],
  problems,
  exitCode,
});

function planned({ seen, considered }: LookedAt): readonly Repair[] {
  const right = new Set(seen.flatMap((one) => (isIntact(one) ? [one.file.digest] : [])));
  return byDigest(seen.filter(isDamaged)).flatMap((group) =>
    group.map((one, at) => ({
      copy: copyOf(one),
      outcome: 'planned',
      downloadBytes: at === 0 ? bytesToFetch(group, right.has(one.file.digest)) : 0,
      problem: null,
      loaded: loadedOf(one, considered),
    })),
  );
}

async function underLock(
  request: RepairRequest,
  found: LookedAt,
  context: RepairContext,
  problems: readonly Problem[],
): Promise<Repaired> {
  const work = {
    command: `modelctl repair -f ${request.inputs.join(' -f ')}`,
    timeoutMs: request.lockTimeoutMs ?? 0,
  };
  const { value } = await underMachineLock(work, context, async ({ known, io }) => {
    if (known.problem !== null) return stopped([known.problem], 3);
    const repairs = await act(found, { ...context, io, ledger: known });
    return repaired(found, repairs, problems);
  });
  return value;
}

type ActContext = LedgerContext & Pick<RepairContext, 'onBytes'>;

async function act(found: LookedAt, context: ActContext): Promise<readonly Repair[]> {
  const { io, ledger, signal } = context;
  const options = { ...found.options, ledger, onSeen: () => undefined };
  remember(
    found.seen.filter((one) => !isDamaged(one)),
    ledger,
  );
  const suspects = found.seen.filter(isDamaged).map(({ file }) => file);
  const again = await lookAgain(suspects, { ...options, quick: false });
  // What somebody else set right in the meantime needs nothing.
  remember(again, ledger);
  const transfers = createObtain({
    io,
    cacheFolder: homeOf(io.environment).cache,
    folderOf: () => found.considered.setState.folder,
    routes: found.considered.routes,
    journal: ledger.journal,
  });
  const store = rightCopies([...found.seen, ...again], context);
  const repairs: Repair[] = [];
  for (const group of byDigest(again.filter(isDamaged))) {
    const startedAt = io.clock.now();
    const [first] = group;
    const onBytes = (completedBytes: number, totalBytes: number): void =>
      context.onBytes?.(first?.file.path ?? '', completedBytes, totalBytes);
    const mended = await mend(group, { io, signal, transfers, stores: [store], onBytes });
    ledger.keepVerified(mended.mended.flatMap(({ seen }) => (seen === null ? [] : [seen])));
    const done = repairsOf(group, mended, found.considered);
    noteAll(done, found.considered, { startedAt, ledger, now: io.clock.now() });
    repairs.push(...done);
  }
  await sweep(transfers, found.seen);
  return repairs;
}

/** What waited in the staging folder before stays there. */
const sweep = (transfers: Obtain, seen: readonly Seen[]): Promise<void> =>
  transfers.sweep(new Set(seen.flatMap(({ file }) => (file.isStaged ? [file.digest] : []))));

function repairsOf(
  group: readonly Seen[],
  { mended, downloadedBytes }: MendedFiles,
  considered: Considered,
): readonly Repair[] {
  return mended.flatMap(({ file, problem }, at) => {
    const one = group.find((candidate) => candidate.file === file);
    if (one === undefined) return [];
    return {
      copy: copyOf(one),
      outcome: problem === null ? 'repaired' : 'failed',
      downloadBytes: at === 0 ? downloadedBytes : 0,
      problem,
      loaded: loadedOf(one, considered),
    };
  });
}

/** A line of history for each name that is served from what was damaged. */
function noteAll(
  repairs: readonly Repair[],
  { set, resolved }: Considered,
  { startedAt, ledger, now }: Pick<LedgerContext, 'ledger'> & { startedAt: number; now: number },
): void {
  for (const { copy, outcome, problem, downloadBytes } of repairs) {
    for (const at of copy.names) {
      const placement = resolved.desired.placements.get(placementKey(at));
      const entry: HistoryEntry = {
        ...at,
        at: now,
        set,
        model: placement?.model ?? '',
        kind: 'repair',
        reason: 'corrupt',
        outcome,
        open: false,
        replaced: null,
        digest: placement?.digest ?? null,
        downloadedBytes: downloadBytes,
        diskBytes: 0,
        durationMs: now - startedAt,
        problemCode: problem?.code ?? null,
      };
      ledger.note(entry);
    }
  }
}

/** Where the bytes stand right; what was hashed just now is not hashed again. */
function rightCopies(seen: readonly Seen[], { io }: ActContext): LocalStore {
  const paths = new Map<Digest, string>();
  for (const one of seen) {
    if (!isIntact(one)) continue;
    const { path, digest } = one.file;
    paths.set(digest, path);
    const isFresh = one.verdict.status === 'intact' && one.verdict.hashed;
    if (isFresh && one.seen !== null) rememberHash(io.files, path, one.seen);
  }
  return {
    label: 'another store of this machine',
    folder: '',
    find: async (digest) => paths.get(digest) ?? null,
  };
}

const isIntact = ({ verdict }: Seen): boolean => verdict.status === 'intact';

const byDigest = (seen: readonly Seen[]): readonly (readonly Seen[])[] => [
  ...Map.groupBy(seen, ({ file }) => file.digest).values(),
];

const loadedOf = ({ file }: Seen, { observed }: Considered): readonly Placement[] =>
  file.names.filter((at) => {
    const observation = observed.backends.get(backendKey(at));
    return (
      observation?.kind === 'reachable' &&
      (observation.placements.get(at.name)?.loaded ?? null) !== null
    );
  });
