// Writes the lock, and does nothing else: what the manifests refer to and the lock lacks is resolved
// and added, no entry is moved, and what nothing refers to any more goes. It asks sources only, so
// it works with every engine down, takes no lock of the machine and leaves the ledger alone.
import { mapBounded } from './core/concurrency.ts';
import { errorProblem, type Problem, ProblemError, warningProblem } from './core/problem.ts';
import { type LockedLine, versionOf } from './core/upstream.ts';
import { type DeclaredSet, readDeclaredSet } from './locking/declared-set.ts';
import { lockingContext, type SourcesContext } from './locking-context.ts';
import type { LockEntry } from './resolve/lock-entry.ts';
import { isGap, setGap } from './resolve/lock-gap.ts';
import { lockUpdate, writeLock } from './resolve/lock-update.ts';
import { type Pin, type Pinned, pin } from './resolve/pin.ts';
import type { DeclaredReference } from './resolve/references.ts';

export interface LockRequest {
  /** Files, folders, globs or `-`, as with `-f`. */
  readonly inputs: readonly string[];
  /** Only say what would change; no source is asked, and nothing is written. */
  readonly check?: boolean;
}

export interface Locked {
  /** Absolute: where the lock is, or would be made; null when the manifests could not be used. */
  readonly path: string | null;
  /** With `check`: what would be. */
  readonly added: readonly LockedLine[];
  readonly removed: readonly LockedLine[];
  /** Whether the lock is, or would be, another text; its list of files counts too. */
  readonly changed: boolean;
  readonly written: boolean;
  readonly problems: readonly Problem[];
  /** 1 invalid, 2 `check` found a difference, 3 a source could not be asked, 130 aborted. */
  readonly exitCode: 0 | 1 | 2 | 3 | 130;
}

/** Expected failures are in the result; it rejects only for bugs of ours. */
export async function lock(request: LockRequest, context: SourcesContext): Promise<Locked> {
  try {
    const set = await readDeclaredSet(request.inputs, lockingContext(context));
    if (!set.ok) return stopped(set.problems, 1);
    const found = request.check === true ? check(set.value) : await resolveAndWrite(set.value);
    return { ...found, problems: [...set.problems, ...found.problems] };
  } catch (error) {
    if (context.signal.aborted) return stopped([], 130);
    if (error instanceof ProblemError) return stopped([error.problem], 3);
    throw error;
  }
}

function check({ manifests, state, references }: DeclaredSet): Locked {
  const gap = setGap(state, manifests, references);
  const changed = isGap(gap);
  return {
    path: state.lockPath,
    added: gap.missing.map(({ model, target, source }) => ({ model, target, source })),
    removed: gap.orphans.map(lineOf),
    changed,
    written: false,
    problems: [],
    exitCode: changed ? 2 : 0,
  };
}

/** References resolved at the same time. */
const resolvingMax = 4;

async function resolveAndWrite({
  manifests,
  state,
  references,
  context,
}: DeclaredSet): Promise<Locked> {
  const { locked, pinnedElsewhere: known } = state;
  const pinContext = { ...context, locked, known, resolving: new Map() };
  const outcomes = await mapBounded(references, resolvingMax, async (reference) => ({
    reference,
    pinned: await pin(reference, pinContext),
  }));
  const problems = outcomes.flatMap(problemsOf);
  const invalid = outcomes.some(({ pinned }) => pinned.kind === 'problem');
  if (invalid) return { ...stopped(problems, 1), path: state.lockPath };
  const pins: readonly Pin[] = outcomes.flatMap(({ pinned }) =>
    pinned.kind === 'pinned' ? [pinned.pin] : [],
  );
  const { io } = context;
  const set = state.lock?.set ?? io.random.hex(16);
  const update = await lockUpdate(set, state, manifests, { pins, references });
  const path = update.text === null ? null : await writeLock(state, update.text, io);
  return {
    path: path ?? state.lockPath,
    added: update.added.map(lineOf),
    removed: update.removed.map(lineOf),
    changed: path !== null,
    written: path !== null,
    problems,
    exitCode: pins.length === references.length ? 0 : 3,
  };
}

interface Outcome {
  readonly reference: DeclaredReference;
  readonly pinned: Pinned;
}

/** Of a source that could not be asked, and of a file that was changed since it was locked. */
function problemsOf({ reference: { model, origin }, pinned }: Outcome): readonly Problem[] {
  const at = { subject: `Model/${model}`, origin };
  switch (pinned.kind) {
    case 'problem':
      return [{ ...at, ...pinned.problem }];
    case 'held':
      return [
        errorProblem({
          ...at,
          code: 'lock/not-resolved',
          summary: 'A source could not be asked',
          detail: `${pinned.detail} The lock gets no entry for it yet.`,
          remedy: pinned.remedy,
          retry: 'later',
        }),
      ];
    case 'pinned':
      return pinned.moved === null
        ? []
        : [
            warningProblem({
              ...at,
              code: 'lock/changed-in-place',
              summary: 'A file is no longer the one that was locked',
              detail: `${pinned.moved} The entry stays as it is.`,
              remedy: `Put the file back, or take the new one:\n\n    modelctl update ${model}`,
            }),
          ];
  }
}

const lineOf = (entry: LockEntry): LockedLine => ({
  model: entry.model,
  target: entry.target,
  source: entry.source,
  version: versionOf(entry),
});

const stopped = (problems: readonly Problem[], exitCode: Locked['exitCode']): Locked => ({
  path: null,
  added: [],
  removed: [],
  changed: false,
  written: false,
  problems,
  exitCode,
});
