// A machine with a Hugging Face cache as a backend: the real disk, models of which the bytes lie in a
// folder of their own, and what modelctl has on record as its own.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { huggingFaceCache } from '../../../src/artifacts/stores/huggingface/index.ts';
import type { Backend, PerformContext, Performed } from '../../../src/backends/backend.ts';
import { engines } from '../../../src/backends/index.ts';
import type { Artifact } from '../../../src/core/artifact.ts';
import { digestOfFiles } from '../../../src/core/artifact-files.ts';
import { digestHex } from '../../../src/core/digest.ts';
import { sha256Text } from '../../../src/core/hash.ts';
import type { EvictAction, ModelAction, PullAction } from '../../../src/core/plan.ts';
import { checked } from '../../../src/core/problem.ts';
import type { SharedFiles } from '../../../src/core/shared-file.ts';
import { weightsOf } from '../../../src/core/weights.ts';
import type { Io } from '../../../src/io/io.ts';
import { createWorld, valueOf } from '../../artifacts/world.ts';
import { createSharedFiles } from '../../fakes/shared-files.ts';
import { actionBase } from '../requests.ts';

export const repository = 'acme/tiny';
export const [c1, c2] = ['1'.repeat(40), '2'.repeat(40)];

export interface CacheWorld {
  readonly io: Io;
  readonly folder: string;
  readonly cache: ReturnType<typeof huggingFaceCache>;
  readonly backend: Backend;
  readonly sharedFiles: SharedFiles;
  /** Paths of the files that were asked for, in order. */
  readonly obtained: string[];
  /** What a repository holds at a commit; small files are those whose names end in `.json`. */
  readonly artifact: (
    texts: Readonly<Record<string, string>>,
    more?: Partial<Pick<Artifact, 'source' | 'commit'>>,
  ) => Artifact;
  readonly perform: (action: ModelAction, more?: Partial<PerformContext>) => Promise<Performed>;
  readonly obtain: PerformContext['obtain'];
}

export async function createCacheWorld(): Promise<CacheWorld> {
  const { io: node, folder } = createWorld();
  const variables: Readonly<Record<string, string>> = { MODELCTL_HOME: join(folder, 'home') };
  const io: Io = {
    ...node,
    environment: {
      ...node.environment,
      get: (variable) => variables[variable],
      homeFolder: join(folder, 'user'),
      workingFolder: folder,
    },
  };
  const reference = valueOf(
    await engines.refer({ host: 'local', type: 'huggingface', name: null }, io),
  );
  const backend = engines.create(reference);
  const sharedFiles = createSharedFiles();
  const obtained: string[] = [];
  const obtain: PerformContext['obtain'] = async (_artifact, file, onBytes) => {
    obtained.push(file.path);
    onBytes(file.bytes);
    const path = join(folder, 'bytes', digestHex(file.digest));
    return { path, downloadedBytes: file.bytes, isUnchanging: true };
  };
  return {
    io,
    folder,
    cache: huggingFaceCache(io, reference.store ?? ''),
    backend,
    sharedFiles,
    obtained,
    obtain,
    artifact: (texts, { source = `hf://${repository}@main`, commit = c1 } = {}) => {
      mkdirSync(join(folder, 'bytes'), { recursive: true });
      const files = Object.entries(texts).map(([path, text]) => {
        const bytes = Buffer.byteLength(text);
        const digest = sha256Text(text);
        writeFileSync(join(folder, 'bytes', digestHex(digest)), text);
        const gitSha1 = createHash('sha1').update(`blob ${bytes}\0${text}`).digest('hex');
        return { path, digest, bytes, ...(path.endsWith('.json') ? { gitSha1 } : {}) };
      });
      const weights = weightsOf(files);
      return { source, commit, revision: digestOfFiles(files), files, weights, facts: {} };
    },
    perform: (action, more = {}) =>
      backend.perform(action, {
        io,
        signal: new AbortController().signal,
        onBytes: () => undefined,
        obtain,
        sharedFiles,
        isStored: async () => false,
        revisionUpstream: async ({ revision }) => checked(revision),
        ...more,
      }),
  };
}

export const pullOf = (
  { backend }: Pick<CacheWorld, 'backend'>,
  artifact: Artifact,
  replaces: PullAction['replaces'] = null,
  at = repository,
): PullAction => ({
  ...actionBase(backend, 'pull', at),
  kind: 'pull',
  artifact,
  digest: artifact.revision,
  replaces,
});

export const evictOf = (
  { backend }: Pick<CacheWorld, 'backend'>,
  replaces: EvictAction['replaces'],
  at = repository,
): EvictAction => ({ ...actionBase(backend, 'evict', at), kind: 'evict', replaces });
