// A transfer that does not begin with nothing: the good parts of a damaged copy are put where a run
// that was cut off would have left them, and said in the journal as such a run would. The transfer
// goes on from there as from any other, and hashes all of it in the end.
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import { digestHex } from '../../core/digest.ts';
import type { Spans } from '../../core/span.ts';
import type { TransferJournal } from '../../core/transfer.ts';
import type { Io } from '../../io/io.ts';

export interface GoodPart {
  /** Absolute path of the damaged copy, which is left as it is. */
  readonly path: string;
  /** What of it is right. */
  readonly spans: Spans;
}

interface Beginning extends GoodPart {
  readonly artifact: Artifact;
  readonly file: ArtifactFile;
}

interface BeginContext {
  readonly io: Io;
  readonly journal: TransferJournal;
  readonly staging: string;
}

/** Throws node's own errors, and ProblemError when the journal fails. */
export async function beginWith(
  { artifact, file, path, spans }: Beginning,
  { io, journal, staging }: BeginContext,
): Promise<void> {
  const partial = `${staging}/${digestHex(file.digest)}.partial`;
  const isBegun = (await io.files.stat(partial)) !== null;
  if (isBegun && journal.find(file.digest) !== null) return;
  // What a crash left between the copy and the journal.
  await io.files.remove(partial);
  await io.files.clone(path, partial);
  const now = io.clock.now();
  journal.save({
    digest: file.digest,
    bytes: file.bytes,
    source: artifact.source,
    path: file.path,
    wantedBy: null,
    partial,
    validator: null,
    written: spans,
    durable: spans,
    boot: await io.processes.bootId(),
    process: null,
    startedAt: now,
    updatedAt: now,
  });
}
