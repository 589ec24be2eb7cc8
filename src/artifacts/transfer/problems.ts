// What a finished or broken transfer has to say. Bytes other than the locked ones are never
// taken: upstream moved, and a person decides.
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import { type Digest, shortDigest } from '../../core/digest.ts';
import { errorProblem, type Problem } from '../../core/problem.ts';
import type { TransferWish } from '../../core/transfer.ts';

const moved =
  'What is locked is not served there any more, or something on the way changes it. To take what is there now, correct the digest in spec.source or the lock, and apply again.';

export const wrongDigest = (artifact: Artifact, file: ArtifactFile, found: Digest): Problem =>
  errorProblem({
    code: 'transfer/wrong-digest',
    summary: 'A source serves other bytes than those that are locked',
    detail: `${file.path} of ${artifact.source} arrived with the digest ${shortDigest(found)} instead of ${shortDigest(file.digest)}, and was removed.`,
    remedy: moved,
  });

export const wrongSize = (artifact: Artifact, file: ArtifactFile, bytes: number): Problem =>
  errorProblem({
    code: 'transfer/wrong-size',
    summary: 'A source serves another length than the one that is locked',
    detail: `${file.path} of ${artifact.source} has ${bytes} bytes or more there, instead of ${file.bytes}.`,
    remedy: moved,
  });

export const cutShort = (artifact: Artifact, file: ArtifactFile, bytes: number): Problem =>
  errorProblem({
    code: 'transfer/cut',
    summary: 'A transfer ended early',
    detail: `${bytes} of ${file.bytes} bytes of ${file.path} of ${artifact.source} have arrived.`,
    remedy: 'Run the same command again: it goes on from there.',
    retry: 'later',
  });

export const cancelled = (artifact: Artifact, file: ArtifactFile, wish: TransferWish): Problem =>
  errorProblem({
    code: 'transfer/cancelled',
    summary: 'A transfer was cancelled',
    detail: `The transfer of ${file.path} of ${artifact.source} was cancelled with \`modelctl cancel\`; what had arrived was ${wish === 'drop' ? 'removed' : 'kept'}.`,
    remedy: 'Apply again to go on with it.',
  });
