// Which names modelctl keeps in a cache, and which files of which commit each of them is: the one
// thing that the cache itself cannot say, since a snapshot holds what all tools have put there. The
// file is lost without harm: what is wanted is found again, and nothing is removed that is on no record.
import type { CacheFile } from '../../artifacts/stores/huggingface/layout.ts';
import { inTurn } from '../../artifacts/stores/oci/exclusive.ts';
import { type Digest, isDigest } from '../../core/digest.ts';
import { isObject, parseObject } from '../../core/json-object.ts';
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import { isAbsent } from '../../io/error-code.ts';
import type { Io } from '../../io/io.ts';
import type { Place } from './place.ts';

/** What a name stands for, or stood for before. */
export interface Version {
  /** As in `org/name`. */
  readonly repository: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** The branch or tag that was asked for; null for a commit. */
  readonly ref: string | null;
  readonly digest: Digest;
  readonly weights: Digest;
  readonly files: readonly CacheFile[];
}

export interface StoredName {
  /** The newest first. Those before it stay until it is all there. */
  readonly versions: readonly Version[];
  /** False while the newest is on its way, and after a run that was cut off. */
  readonly isDone: boolean;
}

export type Names = ReadonlyMap<string, StoredName>;

const namesBytesMax = 64 * 1024 * 1024;

/** None without a file. Throws ProblemError when it cannot be understood, and node's own errors. */
export async function readNames(
  { namesFile }: Place,
  { files }: Pick<Io, 'files'>,
): Promise<Names> {
  let bytes: Uint8Array;
  try {
    bytes = await files.readBytes(namesFile, namesBytesMax);
  } catch (error) {
    if (isAbsent(error)) return new Map();
    throw error;
  }
  const names = parseNames(Buffer.from(bytes).toString('utf8'));
  if (names === null) throw new ProblemError(unreadable(namesFile));
  return names;
}

/** Changes of this process take turns; other processes wait for the lock of this machine. */
export const changeName = (
  place: Place,
  io: Pick<Io, 'files'>,
  name: string,
  stored: StoredName | null,
): Promise<void> =>
  inTurn(place.namesFile, async () => {
    const names = new Map(await readNames(place, io));
    if (stored === null) names.delete(name);
    else names.set(name, stored);
    await io.files.writeAtomic(place.namesFile, namesText(place, names));
  });

/** Whether a file belongs to one of the names, now or until that is replaced. */
export function neededBy(
  names: Names,
): (file: Pick<Version, 'repository' | 'commit'> & Pick<CacheFile, 'path'>) => boolean {
  const keyOf = (...parts: readonly string[]): string => parts.join('\0');
  const needed = new Set(
    [...names.values()].flatMap(({ versions }) =>
      versions.flatMap(({ repository, commit, files }) =>
        files.map(({ path }) => keyOf(repository, commit, path)),
      ),
    ),
  );
  return ({ repository, commit, path }) => needed.has(keyOf(repository, commit, path));
}

const namesText = ({ cache }: Place, names: Names): string =>
  `${JSON.stringify({ version: 1, cache, names: Object.fromEntries(names) }, null, 2)}\n`;

function parseNames(text: string): Names | null {
  const record = parseObject(text);
  if (record?.['version'] !== 1 || !isObject(record['names'])) return null;
  const names = new Map<string, StoredName>();
  for (const [name, value] of Object.entries(record['names'])) {
    const stored = parseStored(value);
    if (stored === null) return null;
    names.set(name, stored);
  }
  return names;
}

function parseStored(value: unknown): StoredName | null {
  if (!isObject(value)) return null;
  const { versions, isDone } = value;
  if (!Array.isArray(versions) || typeof isDone !== 'boolean') return null;
  const parsed = versions.map(parseVersion);
  return parsed.every((one) => one !== null) ? { versions: parsed, isDone } : null;
}

function parseVersion(value: unknown): Version | null {
  if (!isObject(value)) return null;
  const { repository, commit, ref, digest, weights, files } = value;
  if (typeof repository !== 'string' || typeof commit !== 'string') return null;
  if (ref !== null && typeof ref !== 'string') return null;
  if (!isDigestText(digest) || !isDigestText(weights) || !Array.isArray(files)) return null;
  const parsed = files.map(parseFile);
  if (!parsed.every((one) => one !== null)) return null;
  return { repository, commit, ref, digest, weights, files: parsed };
}

function parseFile(value: unknown): CacheFile | null {
  if (!isObject(value)) return null;
  const { path, digest, bytes, gitSha1 } = value;
  if (typeof path !== 'string' || !isDigestText(digest)) return null;
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) return null;
  if (gitSha1 === undefined) return { path, digest, bytes };
  return typeof gitSha1 === 'string' ? { path, digest, bytes, gitSha1 } : null;
}

const isDigestText = (value: unknown): value is Digest =>
  typeof value === 'string' && isDigest(value);

const unreadable = (path: string): Problem =>
  errorProblem({
    code: 'backend/names-unreadable',
    summary: 'What modelctl keeps in a Hugging Face cache cannot be read',
    detail: `${path} is damaged, or was written by a newer modelctl. Nothing is done in that cache.`,
    remedy:
      'Use the newer modelctl; or remove the file, and what is declared is found in the cache again.',
    retry: 'later',
  });
