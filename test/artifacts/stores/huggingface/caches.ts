// A cache to put files into, on the disk in memory unless another world is given, and what the
// tests say of files: their text.
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import {
  type HuggingFaceCache,
  huggingFaceCache,
} from '../../../../src/artifacts/stores/huggingface/index.ts';
import type { CacheFile } from '../../../../src/artifacts/stores/huggingface/layout.ts';
import type { PutRequest } from '../../../../src/artifacts/stores/huggingface/write.ts';
import { sha256Text } from '../../../../src/core/hash.ts';
import type { Io } from '../../../../src/io/io.ts';

export const cachePath = '/cache/hub';
export const repository = 'acme/tiny-gguf';
export const folder = `${cachePath}/models--acme--tiny-gguf`;
export const commit = 'c'.repeat(40);
export const other = 'd'.repeat(40);

export const { signal } = new AbortController();

export const cacheOn = (io: Io, path = cachePath): HuggingFaceCache => huggingFaceCache(io, path);

/** A file that Git LFS keeps, with this text in it. */
export const lfs = (path: string, text: string): CacheFile => ({
  path,
  digest: sha256Text(text),
  bytes: Buffer.byteLength(text),
});

/** A file that git itself keeps. */
export const small = (path: string, text: string): CacheFile => ({
  ...lfs(path, text),
  gitSha1: createHash('sha1')
    .update(`blob ${Buffer.byteLength(text)}\0${text}`)
    .digest('hex'),
});

export const texts = {
  'tiny-Q8_0.gguf': 'the weights',
  'shards/a/tiny-00001-of-00002.gguf': 'first half',
  'config.json': '{"a":1}\n',
} as const;

export const files: readonly CacheFile[] = [
  lfs('tiny-Q8_0.gguf', texts['tiny-Q8_0.gguf']),
  lfs('shards/a/tiny-00001-of-00002.gguf', texts['shards/a/tiny-00001-of-00002.gguf']),
  small('config.json', texts['config.json']),
];

/** A request for `files`, whose bytes lie in a folder of their own on the same disk. */
export async function requestOn(
  io: Io,
  changes: Partial<PutRequest> = {},
  staging = '/staging',
): Promise<PutRequest> {
  for (const [path, text] of Object.entries(texts)) {
    const staged = `${staging}/${path}`;
    if ((await io.files.stat(staged)) !== null) continue;
    await io.files.makeFolder(dirname(staged));
    await io.files.writeAtomic(staged, text);
  }
  return {
    repository,
    commit,
    ref: { name: 'main', moves: false },
    files,
    obtain: async ({ path }) => ({ path: `${staging}/${path}`, shareable: true }),
    isOurs: () => false,
    onBytes: () => undefined,
    signal,
    ...changes,
  };
}
