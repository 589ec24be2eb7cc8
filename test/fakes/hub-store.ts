// What a fake Hugging Face Hub holds: repositories with commits, branches and tags, and the files
// of each commit, small ones in Git and large ones in large file storage.
import { createHash } from 'node:crypto';
import { digestOf } from './registry-store.ts';

export type HubFiles = Readonly<Record<string, string | Uint8Array>>;

export interface HubRepository {
  readonly name: string;
  /** Branch, tag or `refs/pr/1` to commit. */
  readonly refs: Map<string, string>;
  readonly commits: Map<string, ReadonlyMap<string, Uint8Array>>;
  gated: false | 'auto' | 'manual';
  private: boolean;
  disabled: boolean;
  tags: readonly string[];
}

export interface HubStore {
  readonly repositories: Map<string, HubRepository>;
  /** Old name to new. */
  readonly renames: Map<string, string>;
  /** Token to the repositories, private or gated, that its account was let into. */
  readonly tokens: Map<string, ReadonlySet<string>>;
  /** Large files by sha256 in hex: what the other host serves. */
  readonly objects: Map<string, Uint8Array>;
  /** Commits all files of a branch or tag anew; makes the repository. Returns the commit. */
  readonly push: (
    name: string,
    files: HubFiles,
    options?: { readonly ref?: string } & Partial<
      Pick<HubRepository, 'gated' | 'private' | 'disabled' | 'tags'>
    >,
  ) => string;
}

export function createHubStore(): HubStore {
  const repositories = new Map<string, HubRepository>();
  const objects = new Map<string, Uint8Array>();
  return {
    repositories,
    renames: new Map(),
    tokens: new Map(),
    objects,
    push: (name, files, { ref = 'main', ...options } = {}) => {
      const known = repositories.get(name) ?? {
        name,
        refs: new Map<string, string>(),
        commits: new Map<string, ReadonlyMap<string, Uint8Array>>(),
        gated: false,
        private: false,
        disabled: false,
        tags: ['license:apache-2.0'],
      };
      repositories.set(name, Object.assign(known, options));
      const content = new Map(
        Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes)] as const),
      );
      for (const [path, bytes] of content) if (isLarge(path, bytes)) objects.set(hex(bytes), bytes);
      const listed = [...content].map(([path, bytes]) => `${path} ${hex(bytes)}`).join('\n');
      const commit = sha1(`${name} ${ref} ${known.commits.size}\n${listed}`);
      known.commits.set(commit, content);
      known.refs.set(ref, commit);
      return commit;
    },
  };
}

/** As .gitattributes of the Hub has it: by the kind of file, and by size. */
export const isLarge = (path: string, bytes: Uint8Array): boolean =>
  /\.(gguf|safetensors|bin|pt|onnx)$/i.test(path) || bytes.length > 10 * 1024 * 1024;

export function commitOf(repository: HubRepository, revision: string): string | null {
  if (repository.commits.has(revision)) return revision;
  return repository.refs.get(revision) ?? null;
}

/** An entry of the tree. */
export function entryOf(path: string, bytes: Uint8Array): object {
  if (!isLarge(path, bytes)) {
    return { type: 'file', path, size: bytes.length, oid: gitHash(bytes) };
  }
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${hex(bytes)}\nsize ${bytes.length}\n`;
  return {
    type: 'file',
    path,
    size: bytes.length,
    oid: gitHash(Buffer.from(pointer)),
    lfs: { oid: hex(bytes), size: bytes.length, pointerSize: pointer.length },
    xetHash: sha1(hex(bytes)).repeat(2).slice(0, 64),
  };
}

export const gitHash = (bytes: Uint8Array): string =>
  sha1(Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]));

export const hex = (bytes: Uint8Array): string => digestOf(bytes).slice('sha256:'.length);

const sha1 = (content: string | Uint8Array): string =>
  createHash('sha1').update(content).digest('hex');
