// Verified bytes on this machine: what an engine is given to build from. A file of a `file://`
// source is verified where it is; everything else is fetched into the staging folder of the
// cache, resumed where an earlier run was cut off, and only named by its digest once it has it.
//
// It decides nothing about which source to use or when to try again: a problem says whether that
// can help. Fetching in parts, from several places and into shared stores comes behind this
// same interface.
import { posix } from 'node:path';
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import type { Digest } from '../../core/digest.ts';
import type { TransferJournal, WantedBy } from '../../core/transfer.ts';
import type { Io } from '../../io/io.ts';
import type { Routes } from '../registries/route.ts';
import { locateFile } from '../sources/file/index.ts';
import { sourceFor } from '../sources/index.ts';
import type { LocalStore } from '../stores/local.ts';
import { beginWith, type GoodPart } from './begin-with.ts';
import { CancelledError, download } from './download.ts';
import type { ObtainedFile } from './obtained.ts';
import { reuse } from './reuse.ts';
import { type Call, shareWork } from './share-work.ts';
import { verifyInPlace } from './verify-in-place.ts';

export interface Obtain {
  /** Where files are put first. Absolute; it need not be there yet. */
  readonly folder: string;
  /**
   * Throws ProblemError. Progress counts what an earlier run left and what another caller of the
   * same digest fetches. An abort keeps what has arrived. What a person has cancelled is not begun
   * again.
   */
  readonly obtain: (
    artifact: Artifact,
    file: ArtifactFile,
    call: Call & { readonly wantedBy?: WantedBy | null },
  ) => Promise<ObtainedFile>;
  /**
   * Lets the transfer of a file begin with what is right of a damaged copy of it, so that only the
   * rest is fetched. Nothing, where a transfer of it was begun before. Throws node's own errors.
   */
  readonly beginWith: (artifact: Artifact, file: ArtifactFile, copy: GoodPart) => Promise<void>;
  /**
   * Removes what is staged and no open work needs, and parts of files that have been left for long.
   * Call it when a run has ended, never beside one.
   */
  readonly sweep: (keep: ReadonlySet<Digest>) => Promise<void>;
}

/** Work on files that is under way, and what of it was cancelled; several may share one. */
export interface Flights {
  readonly share: ReturnType<typeof shareWork<ObtainedFile>>;
  readonly cancelled: Map<Digest, CancelledError>;
}

export const createFlights = (): Flights => ({
  share: shareWork<ObtainedFile>(),
  cancelled: new Map(),
});

export function createObtain(options: {
  readonly io: Io;
  /** Absolute. */
  readonly cacheFolder: string;
  /** Where a relative source begins: the folder of the manifest that declared it. */
  readonly folderOf: (artifact: Artifact) => string;
  readonly routes: Routes;
  readonly journal: TransferJournal;
  /** Where bytes may be already; default: nowhere but in the staging folder. */
  readonly stores?: readonly LocalStore[];
  /** Of others that fetch at the same time; default: nobody else does. */
  readonly flights?: Flights;
}): Obtain {
  const { io, folderOf, routes, journal, stores = [] } = options;
  const staging = stagingPath(options.cacheFolder);
  /** A part that no run has gone on with for long is one that nobody wants any more. */
  const isFresh = (digest: Digest): boolean => {
    const left = journal.find(digest);
    return left !== null && io.clock.now() - left.updatedAt < partialAgeMsMax;
  };
  const { share, cancelled } = options.flights ?? createFlights();
  return {
    folder: staging,
    obtain: async (artifact, file, { wantedBy = null, ...call }) => {
      const before = cancelled.get(file.digest);
      if (before !== undefined) throw before;
      const folder = folderOf(artifact);
      const source = sourceFor(artifact.source);
      if (source.ok && source.value.scheme === 'file') {
        const gone = (await io.files.stat(locateFile(artifact.source, { io, folder }))) === null;
        // It came here in a bundle, without the place that it had.
        const elsewhere = gone ? await reuse(file, stores, { io, ...call }) : null;
        return elsewhere ?? verifyInPlace(artifact, file, { io, folder, ...call });
      }
      const { joined, value } = await share(file.digest, call, (shared) =>
        download(artifact, file, {
          io,
          folder,
          routes,
          journal,
          stores,
          staging,
          wantedBy,
          ...shared,
        }).catch((error: unknown) => {
          if (error instanceof CancelledError) cancelled.set(file.digest, error);
          throw error;
        }),
      );
      return joined ? { ...value, downloadedBytes: 0 } : value;
    },
    beginWith: (artifact, file, copy) =>
      beginWith({ artifact, file, ...copy }, { io, journal, staging }),
    sweep: async (keep) => {
      if ((await io.files.stat(staging)) === null) return;
      for (const { name, kind } of await io.files.list(staging)) {
        const [, hex, partial] = /^([0-9a-f]{64})(\.partial)?$/.exec(name) ?? [];
        if (kind !== 'file' || hex === undefined) continue;
        const digest: Digest = `sha256:${hex}`;
        if (partial === undefined ? keep.has(digest) : isFresh(digest)) continue;
        await io.files.remove(posix.join(staging, name));
        if (partial !== undefined) journal.forget(digest);
      }
    },
  };
}

const partialAgeMsMax = 14 * 24 * 60 * 60 * 1000;

/** Forward slashes are understood by every platform's file calls, Windows' included. */
export const stagingPath = (cacheFolder: string): string => posix.join(cacheFolder, 'staging');
