// Hands files to the engine before a name is made of them. What the engine has already is not
// sent again; what it gets it hashes itself.
import type { Artifact } from '../../core/artifact.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { PerformContext } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { hasBlob, upload } from './client.ts';
import type { Progress } from './replace.ts';

/** Throws ProblemError. Progress counts the bytes that are with the engine. */
export async function uploadFiles(
  engine: Engine,
  context: PerformContext,
  artifacts: readonly Artifact[],
  progress: Progress,
): Promise<void> {
  const files = artifacts.flatMap((artifact) => artifact.files.map((file) => ({ artifact, file })));
  const totalBytes = files.reduce((sum, { file }) => sum + file.bytes, 0);
  let sentBytes = 0;
  for (const { artifact, file } of files) {
    if (!(await hasBlob(engine, context, file.digest))) {
      const before = sentBytes;
      let toldBytes = 0;
      // Fetched, or read to verify it, and then sent: told once, as it gets on.
      const onBytes = (bytes: number): void => {
        toldBytes = Math.max(toldBytes, bytes);
        context.onBytes(Math.min(before + toldBytes, totalBytes), totalBytes);
      };
      const { path, downloadedBytes } = await context.obtain(artifact, file, onBytes);
      progress.downloadedBytes += downloadedBytes;
      const length = await lengthOf(context, path);
      const chunks = counted(context.io.files.readStream(path), onBytes);
      await upload(engine, context, file.digest, { chunks, length });
    }
    sentBytes += file.bytes;
    context.onBytes(sentBytes, totalBytes);
  }
}

async function lengthOf(context: PerformContext, path: string): Promise<number> {
  const stat = await context.io.files.stat(path);
  if (stat?.kind === 'file') return stat.bytes;
  throw new ProblemError(
    errorProblem({
      code: 'backend/file-gone',
      summary: 'A file that was to be imported is gone',
      detail: `${path} was verified and is no longer there.`,
      remedy: 'Apply again.',
      retry: 'later',
    }),
  );
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    bytes += chunk.length;
    onBytes(bytes);
  }
}
