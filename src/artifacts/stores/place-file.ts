// Puts verified bytes under a name of a store, in one step: whoever reads what was there goes on
// reading it, and a crash leaves the old file or the new one. What is not ours to share is copied, and
// a copy is hashed as it came out.
import type { Digest } from '../../core/digest.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import { errorCode } from '../../io/error-code.ts';
import type { Files, Io } from '../../io/io.ts';
import type { ObtainedFile } from '../transfer/obtained.ts';
import { drafting } from './draft.ts';

export interface Placing {
  readonly digest: Digest;
  readonly source: Pick<ObtainedFile, 'path' | 'isUnchanging'>;
  /** In the folder of `to`; a name that is used once. */
  readonly temporary: string;
  readonly to: string;
  /** Whether it may become a second name of bytes that stand elsewhere. Default: it may. */
  readonly mayShare?: boolean;
  /** Called for the temporary file before it gets its name. */
  readonly prepare?: (temporary: string) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onHashed: (bytes: number) => void;
}

/** Throws ProblemError on other content, and node's own errors of the disk. */
export async function placeFile(io: Pick<Io, 'files' | 'drafts'>, placing: Placing): Promise<void> {
  const { files } = io;
  const { temporary, to } = placing;
  await drafting(io, temporary, async () => {
    await bring(files, placing);
    await placing.prepare?.(temporary);
    await files.rename(temporary, to);
  });
}

async function bring(files: Files, placing: Placing): Promise<void> {
  const { digest, source, temporary, mayShare = true, signal, onHashed } = placing;
  if (mayShare && source.isUnchanging && (await isLinked(files, source.path, temporary))) return;
  await files.clone(source.path, temporary);
  const { bytes = 0 } = (await files.stat(temporary)) ?? {};
  const chunkBytes = Math.max(bytes, 1);
  const found = await files.digest(temporary, { bytes, chunkBytes, signal, onHashed });
  if (found.digest !== digest) {
    throw new ProblemError(otherContent(source.path, digest, found.digest));
  }
}

/** Another file system, or one without hard links, or a file of another user: then it is copied. */
const notLinkable: ReadonlySet<string | undefined> = new Set([
  'EXDEV',
  'EPERM',
  'EACCES',
  'EMLINK',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
]);

async function isLinked(files: Files, from: string, to: string): Promise<boolean> {
  try {
    await files.link(from, to);
    return true;
  } catch (error) {
    if (!notLinkable.has(errorCode(error))) throw error;
    return false;
  }
}

const otherContent = (source: string, wanted: Digest, found: Digest) =>
  errorProblem({
    code: 'store/digest-mismatch',
    summary: 'A file is not what its digest says',
    detail: `${source} was to be ${wanted}, and is ${found}. It was not stored.`,
    remedy: 'Apply again. If it stays so, the file changes while it is read.',
    retry: 'later',
  });
