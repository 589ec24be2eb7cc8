// A file that modelctl put where other tools of this machine find it too. It is ours to take out
// again; what else is there never is.
import type { Digest } from './digest.ts';

export interface SharedFile {
  /** Absolute path of the cache that it is in. */
  readonly cache: string;
  /** As in `org/name`. */
  readonly repository: string;
  /** 40 hex characters. */
  readonly commit: string;
  /** Within the repository. */
  readonly path: string;
  readonly digest: Digest;
  readonly bytes: number;
  /** Of a small file that Git itself keeps; see ArtifactFile. */
  readonly gitSha1?: string;
}

/** The list of them, which outlives the process. Every method throws ProblemError. */
export interface SharedFiles {
  readonly all: () => readonly SharedFile[];
  /** Before the file is put: what a crash leaves behind is then ours too. */
  readonly add: (file: SharedFile) => void;
  readonly drop: (file: SharedFile) => void;
}
