// Which set do these manifests belong to? A set is what one lock file governs. Its lock is the
// nearest models.lock.yaml at or above the inputs' common folder; what came from stdin, or stands
// where nothing can be written, has its lock in the state directory. Reads only.
import { dirname, join, relative, sep } from 'node:path';
import type { Artifact } from '../core/artifact.ts';
import { digestHex } from '../core/digest.ts';
import { sha256Text } from '../core/hash.ts';
import { lockFileName } from '../core/lock-file-name.ts';
import { type Checked, checked, errorProblem, refused } from '../core/problem.ts';
import type { Manifests } from '../core/resource.ts';
import type { Io } from '../io/io.ts';
import { artifactOf, entryKey, type LockEntry, type LockFile, lockBytesMax } from './lock-entry.ts';
import { readPrinted } from './lock-printed.ts';
import type { PinKey } from './pin.ts';

export interface SetState {
  /** The lock's folder: relative files are meant from here. Absolute. */
  readonly folder: string;
  /** Where the lock is, or would be made. */
  readonly lockPath: string;
  /** Where it is made when `lockPath` cannot be written. */
  readonly fallbackPath: string;
  /** Byte for byte; null while there is none. */
  readonly text: string | null;
  readonly lock: LockFile | null;
  /** What an earlier run wrote to `fallbackPath`, since it could not write the lock itself. */
  readonly keptAside: LockText | null;
  readonly locked: (key: PinKey) => Artifact | undefined;
  /** The bytes that a source has elsewhere in the set: for another Model, or another target. */
  readonly pinnedElsewhere: (source: string) => Artifact | undefined;
  /** Why nothing may be pruned, as far as the files tell; null: all of the set was given. */
  readonly incompleteBecause: string | null;
}

export interface LockText {
  /** Byte for byte. */
  readonly text: string;
  readonly lock: LockFile;
}

export async function readSet(
  manifests: Manifests,
  stateFolder: string,
  io: Io,
): Promise<Checked<SetState>> {
  const { folder } = manifests;
  const beside = await nearestLock(folder, io);
  const setFolder = beside === null ? folder : dirname(beside);
  const name = `${digestHex(sha256Text(setFolder))}.yaml`;
  const fallbackPath = join(stateFolder, 'locks', name);
  const aside = await existing(fallbackPath, io);
  const isStdin = manifests.files.includes('-');
  const lockPath = beside ?? aside ?? (isStdin ? fallbackPath : join(folder, lockFileName));
  const place = { folder: setFolder, lockPath, fallbackPath };
  const read = beside === null && aside === null ? null : await readLock(lockPath, io);
  if (read === null) return checked({ ...place, ...noLock });
  if (!read.ok) return read;
  const { text, lock } = read.value;
  const more = beside === null || aside === null ? null : await readLock(aside, io);
  if (more?.ok === false) return more;
  // Of another set, which had its lock there before this folder got one.
  const kept = more?.value.lock.set === lock.set ? more.value : null;
  const incompleteBecause = await missingFrom(manifests, lock, setFolder, io);
  const entries = [...lock.entries, ...(kept?.lock.entries ?? [])];
  return checked({ ...place, text, lock, keptAside: kept, incompleteBecause, ...lookups(entries) });
}

const noLock = {
  text: null,
  lock: null,
  keptAside: null,
  locked: () => undefined,
  pinnedElsewhere: () => undefined,
  incompleteBecause: 'There is no lock yet, so nothing is known to have left the set.',
} satisfies Partial<SetState>;

/** Of several entries for one thing the first counts. */
function lookups(entries: readonly LockEntry[]): Pick<SetState, 'locked' | 'pinnedElsewhere'> {
  const byKey = new Map(entries.toReversed().map((entry) => [entryKey(entry), entry]));
  const bySource = new Map(entries.toReversed().map((entry) => [entry.source, entry]));
  const artifact = (entry: LockEntry | undefined): Artifact | undefined =>
    entry === undefined ? undefined : artifactOf(entry);
  return {
    locked: (key) => artifact(byKey.get(entryKey(key))),
    pinnedElsewhere: (source) => artifact(bySource.get(source)),
  };
}

async function nearestLock(folder: string, io: Io): Promise<string | null> {
  for (let at = folder; ; at = dirname(at)) {
    const path = await existing(join(at, lockFileName), io);
    if (path !== null || dirname(at) === at) return path;
  }
}

const existing = async (path: string, io: Io): Promise<string | null> =>
  (await io.files.stat(path))?.kind === 'file' ? path : null;

async function readLock(path: string, io: Io): Promise<Checked<LockText>> {
  let text: string;
  try {
    text = new TextDecoder().decode(await io.files.readBytes(path, lockBytesMax));
  } catch (error) {
    return refused(
      errorProblem({
        code: 'lock/unreadable',
        summary: 'The lock cannot be read',
        detail: `${path}: ${error instanceof Error ? error.message : String(error)}`,
        remedy: 'Make it readable; without it nothing is known of what was pinned.',
      }),
    );
  }
  const printed = readPrinted(text);
  if (printed !== null) return checked({ text, lock: printed });
  // Nobody but who edits a lock by hand waits for the YAML parser.
  const { parseLock } = await import('./lock-file.ts');
  const lock = parseLock(text, path);
  return lock.ok ? checked({ text, lock: lock.value }, lock.problems) : lock;
}

/** A file that the lock lists and that was not given, though it is still there. */
async function missingFrom(
  manifests: Manifests,
  lock: LockFile,
  folder: string,
  io: Io,
): Promise<string | null> {
  if (!manifests.complete) return 'What comes from standard input is a part of a set.';
  const given = new Set(manifests.files);
  for (const file of lock.files) {
    const path = join(folder, ...file.split('/'));
    if (given.has(path)) continue;
    if (await wasDeleted(path, manifests, io)) continue;
    return `${file}, which the lock lists, was not given.`;
  }
  return null;
}

/** Deleted on purpose: its folder is still there, and other files at or below it were given. */
async function wasDeleted(path: string, manifests: Manifests, io: Io): Promise<boolean> {
  if ((await io.files.stat(path)) !== null) return false;
  const parent = dirname(path);
  const inside = !relative(manifests.folder, parent).split(sep).includes('..');
  return inside && (await io.files.stat(parent)) !== null;
}

/** The manifests' paths as the lock lists them: relative to it, with forward slashes, sorted. */
export const lockedFiles = (manifests: Manifests, setFolder: string): readonly string[] =>
  manifests.files
    .filter((file) => file !== '-')
    .map((file) => relative(setFolder, file).split(sep).join('/'))
    .toSorted();
