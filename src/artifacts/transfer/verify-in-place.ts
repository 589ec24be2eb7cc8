// A file of the user's: used where it is, if it still holds the locked bytes. It is neither copied
// nor changed, so an edit of it shows here.
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import { shortDigest } from '../../core/digest.ts';
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import type { Io } from '../../io/io.ts';
import { fileProblem } from '../file-problem.ts';
import { hashFile } from '../hash-file.ts';
import { locateFile, statModel } from '../sources/file/index.ts';
import type { ObtainedFile } from './obtained.ts';
import type { Call } from './share-work.ts';

/** Throws ProblemError. Hashes once a run while size and time of change stay the same. */
export async function verifyInPlace(
  artifact: Artifact,
  file: ArtifactFile,
  context: Call & { readonly io: Io; readonly folder: string },
): Promise<ObtainedFile> {
  const path = locateFile(artifact.source, context);
  const stat = await statModel(path, context);
  if (!stat.ok) throw new ProblemError(stat.problems[0] ?? changed(path, file, 'is gone'));
  if (stat.value.bytes !== file.bytes) {
    throw new ProblemError(
      changed(path, file, `has ${stat.value.bytes} bytes instead of ${file.bytes}`),
    );
  }
  const found = await hash(path, stat.value, context, file.bytes);
  if (found !== file.digest) {
    const what =
      found === null ? 'changed while it was read' : `has the digest ${shortDigest(found)}`;
    throw new ProblemError(changed(path, file, what));
  }
  context.onBytes(file.bytes, file.bytes);
  return { path, downloadedBytes: 0, isUnchanging: false };
}

async function hash(
  path: string,
  stat: Parameters<typeof hashFile>[2],
  context: Call & { readonly io: Io },
  totalBytes: number,
): Promise<Awaited<ReturnType<typeof hashFile>>> {
  try {
    return await hashFile(context.io.files, path, stat, {
      signal: context.signal,
      onBytes: (bytes) => context.onBytes(bytes, totalBytes),
    });
  } catch (error) {
    context.signal.throwIfAborted();
    throw new ProblemError(fileProblem(error, `read ${path}`), { cause: error });
  }
}

const changed = (path: string, file: ArtifactFile, what: string): Problem =>
  errorProblem({
    code: 'transfer/changed-in-place',
    summary: 'A file is no longer the one that was locked',
    detail: `${path} ${what}; the lock has ${shortDigest(file.digest)}.`,
    remedy:
      'Put the locked file back. To take the new one, name the Model and apply again: `modelctl update MODEL`.',
  });
