// Are the bytes of the locked models of this machine still right? Compares each of their files, in
// every store, with the lock. Changes no model; what right files look like is written to the ledger, so
// that a quick look has something to go by.

import type { Sources } from './artifacts/source.ts';
import { sources as builtInSources } from './artifacts/sources/index.ts';
import { stagingPath } from './artifacts/transfer/obtain.ts';
import type { Engines } from './backends/backend.ts';
import { engines as builtInEngines } from './backends/index.ts';
import type { Surroundings } from './consider.ts';
import { type Considered, consider } from './consider.ts';
import { type Checked, errorProblem, type Problem, ProblemError, refused } from './core/problem.ts';
import type { HashProgress, UnverifiedName, VerifiedCopy } from './core/verification.ts';
import { homeOf } from './io/home.ts';
import type { Io } from './io/io.ts';
import { withLedger } from './machine-ledger.ts';
import type { ReconcileRequest } from './reconcile.ts';
import type { Ledger } from './record/ledger.ts';
import { acquireLock } from './record/lock.ts';
import { reconcilerLockPathOf } from './state-files.ts';
import {
  copyOf,
  type Looked,
  type LookOptions,
  look,
  remember,
  type Seen,
} from './verifying/look.ts';
import type { Declared } from './verifying/stored-files.ts';

export interface VerifyRequest {
  /** Files, folders, globs or `-`, as with `-f`. */
  readonly inputs: readonly string[];
  /** Names of Models: only these are looked at. Default: all that are declared. */
  readonly models?: readonly string[];
  /** Which declared Host this machine is. */
  readonly host?: string;
  /** Believe files that look (size, time of change, inode) as when they were hashed last. */
  readonly quick?: boolean;
}

export interface VerifyContext {
  readonly io: Io;
  readonly signal: AbortSignal;
  /** Told while files are hashed. */
  readonly onProgress?: (progress: HashProgress) => void;
  /** Others than the built-in ones: for tests, and for programs with their own. */
  readonly engines?: Engines;
  readonly sources?: Sources;
}

export interface Verified {
  readonly copies: readonly VerifiedCopy[];
  /** Names of which the files could not be found out, and such as are not there. */
  readonly names: readonly UnverifiedName[];
  /** Why the manifests could not be used, and warnings. */
  readonly problems: readonly Problem[];
  /** 1 invalid, 2 damage was found, 3 something could not be checked, 130 aborted. */
  readonly exitCode: 0 | 1 | 2 | 3 | 130;
}

/** Expected failures are in the result; it rejects only for bugs of ours. */
export async function verify(request: VerifyRequest, context: VerifyContext): Promise<Verified> {
  const seen: Seen[] = [];
  try {
    const looked = await withLedger(context.io, 'read', (ledger) =>
      lookAt(request, { ...context, ledger }, (one) => void seen.push(one)),
    );
    if (!looked.ok) return verified([], [], looked.problems, 1);
    const { names } = looked.value;
    const problems = [...looked.problems, ...(await rememberAside(seen, context))];
    const copies = seen.map(copyOf);
    return verified(copies, names, problems, exitCodeOf({ copies, names }));
  } catch (error) {
    if (context.signal.aborted) {
      await rememberAside(seen, { io: context.io });
      return verified(seen.map(copyOf), [], [], 130);
    }
    if (error instanceof ProblemError) return verified(seen.map(copyOf), [], [error.problem], 3);
    throw error;
  }
}

const verified = (
  copies: readonly VerifiedCopy[],
  names: readonly UnverifiedName[],
  problems: readonly Problem[],
  exitCode: Verified['exitCode'],
): Verified => ({ copies, names, problems, exitCode });

/** Damage wins: what could not be checked is listed all the same. */
function exitCodeOf({ copies, names }: Pick<Verified, 'copies' | 'names'>): 0 | 2 | 3 {
  const found = [
    ...copies.map(({ verdict }) => verdict.status),
    ...names.map(({ status }) => status),
  ];
  if (found.includes('damaged') || found.includes('missing')) return 2;
  return found.includes('unchecked') ? 3 : 0;
}

export interface LookedAt extends Looked {
  readonly considered: Considered;
  /** For another look. */
  readonly options: LookOptions;
}

export type LedgerContext = VerifyContext & { readonly ledger: Ledger };

/** `rateLimit` is for what is fetched afterwards, over the routes that were considered. */
type LookRequest = VerifyRequest & Pick<ReconcileRequest, 'rateLimit'>;

/** Asks engines what they serve, and no source: what is not locked has nothing to compare with. */
export async function lookAt(
  request: LookRequest,
  context: LedgerContext,
  onSeen: (seen: Seen) => void = () => undefined,
): Promise<Checked<LookedAt>> {
  const { inputs, models, host, rateLimit, quick = false } = request;
  const { io, signal, ledger, onProgress = () => undefined } = context;
  const home = homeOf(io.environment);
  const around: Surroundings = {
    io,
    signal,
    ledger,
    engines: context.engines ?? builtInEngines,
    sources: lockedOnly(context.sources ?? builtInSources),
    stateFolder: home.state,
    newSet: io.random.hex(16),
    resolved: new Map(),
  };
  const named = {
    ...(models === undefined ? {} : { targets: models }),
    ...(host === undefined ? {} : { host }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
  };
  const considered = await consider({ inputs, mode: 'plan', ...named }, around);
  if (!considered.ok) return considered;
  const { setState } = considered.value;
  const staging = stagingPath(home.cache);
  const options = { io, signal, ledger, staging, lock: setState.lock, quick, onProgress, onSeen };
  const looked = await look(declaredOf(considered.value, models, ledger), options);
  return { ...considered, value: { ...looked, considered: considered.value, options } };
}

const declaredOf = (
  { resolved, observed }: Considered,
  models: readonly string[] | undefined,
  ledger: Ledger,
): Declared => ({
  desired: resolved.desired,
  engines: resolved.engines,
  observed,
  inventory: ledger.inventory(),
  isMeant: (model) => models?.includes(model) ?? true,
});

/** Without an entry in the lock a source is held, as one that does not answer is. */
function lockedOnly(sources: Sources): Sources {
  const sourceOf: Sources['sourceOf'] = (canonical) => ({
    ...sources.sourceOf(canonical),
    resolve: async (reference) =>
      refused(
        errorProblem({
          code: 'verify/not-locked',
          summary: 'A source is not locked',
          detail: `${reference} has no entry in the lock, so there is nothing to compare with.`,
          remedy: 'Lock it, and apply:\n\n    modelctl lock',
          retry: 'later',
        }),
      ),
  });
  return { ...sources, sourceOf };
}

/** A run that changes models goes first: a look that is not written down costs a longer one. */
const rememberWaitMs = 2_000;

async function rememberAside(
  seen: readonly Seen[],
  { io, signal = AbortSignal.timeout(2 * rememberWaitMs) }: { io: Io; signal?: AbortSignal },
): Promise<readonly Problem[]> {
  if (!seen.some((one) => one.seen !== null || one.verdict.status === 'damaged')) return [];
  const lock = await acquireLock(
    {
      path: reconcilerLockPathOf(io.environment),
      timeoutMs: rememberWaitMs,
      holder: { pid: io.processes.pid, command: 'modelctl verify', since: io.clock.now() },
    },
    io,
    signal,
  );
  if (!lock.ok) return [];
  try {
    return await withLedger(io, 'write', async (ledger) => {
      if (ledger.problem !== null) return [{ ...ledger.problem, severity: 'warning' }];
      remember(seen, ledger);
      return [];
    });
  } finally {
    await lock.value.release();
  }
}
