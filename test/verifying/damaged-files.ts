// One file of a source in memory, its copies on a disk in memory, and what it takes to look at them and
// to mend them.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { directRoutes } from '../../src/artifacts/registries/route.ts';
import { createObtain } from '../../src/artifacts/transfer/obtain.ts';
import type { Artifact } from '../../src/core/artifact.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { Checksums } from '../../src/core/transfer.ts';
import type { VerifiedFile } from '../../src/core/verification.ts';
import { type Inspected, inspect } from '../../src/verifying/inspect.ts';
import { mend } from '../../src/verifying/mend.ts';
import type { FileToVerify } from '../../src/verifying/stored-files.ts';
import { createFakeDrafts } from '../fakes/drafts.ts';
import { createFakeIo } from '../fakes/io.ts';
import { createFakeJournal } from '../fakes/journal.ts';
import { createRegistry } from '../fakes/registry-server.ts';
import { digestOf } from '../fakes/registry-store.ts';

export const chunkBytes = 8 * 1024;
export const path = '/store/blobs/file';

/** Different everywhere, and never a block of zeros. */
export const bytesOf = (length: number, seed = 'right'): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(length / 32) }, (_, at) =>
      createHash('sha256').update(`${seed} ${at}`).digest(),
    ),
  ).subarray(0, length);

const checksumsOf = (bytes: Buffer): Checksums => ({
  bytes: bytes.length,
  chunkBytes,
  chunks: Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, at) =>
    crc32(bytes.subarray(at * chunkBytes, (at + 1) * chunkBytes)),
  ),
});

export interface SetUp {
  readonly right: Buffer;
  readonly known?: ReadonlyMap<Digest, string>;
  readonly hasChecksums?: boolean;
}

export function setUp({ right, known = new Map(), hasChecksums = true }: SetUp) {
  const registry = createRegistry();
  registry.files.set('x.gguf', right);
  const io = createFakeIo({ http: registry.http });
  const digest = digestOf(right);
  const file = { path: 'x.gguf', bytes: right.length, digest };
  const artifact: Artifact = {
    source: `https://models.example.com/files/x.gguf#${digest.replace(':', '=')}`,
    revision: digest,
    weights: digest,
    files: [file],
    facts: {},
  };
  const stored = (at = path, more: Partial<FileToVerify> = {}): FileToVerify => ({
    path: at,
    file: 'x.gguf',
    digest,
    bytes: right.length,
    store: 'a store',
    models: ['chat'],
    names: [],
    temporary: `${at}.tmp`,
    mayShare: true,
    origin: { artifact, file },
    isStaged: false,
    ...more,
  });
  const memo = new Map<string, VerifiedFile>();
  const { signal } = new AbortController();
  const journal = createFakeJournal();
  const drafts = createFakeDrafts();
  const transfers = createObtain({
    io,
    cacheFolder: '/cache',
    folderOf: () => '/',
    routes: directRoutes(io.web),
    journal,
  });
  const look = async (files = [stored()], quick = false) => {
    const seen: Inspected<FileToVerify>[] = [];
    const context = {
      io,
      signal,
      quick,
      verifiedAt: (at: string) => memo.get(at) ?? null,
      checksumsOf: () => (hasChecksums ? checksumsOf(right) : null),
      known,
      onProgress: () => undefined,
    };
    await inspect(files, context, (one) => void seen.push(one));
    return seen;
  };
  const repair = (damaged: readonly Inspected<FileToVerify>[]) =>
    mend(damaged, {
      io: { ...io, drafts },
      signal,
      transfers,
      stores: [],
      onBytes: () => undefined,
    });
  const fetched = (): number =>
    registry.requests
      .map(({ headers }) => /^bytes=(\d+)-(\d*)$/.exec(headers['range'] ?? ''))
      .reduce((sum, found) => {
        const end = found?.[2] === undefined || found[2] === '' ? right.length : +found[2] + 1;
        return sum + end - Number(found?.[1] ?? 0);
      }, 0);
  const bytesAt = async (at: string) => Buffer.from(await io.files.readBytes(at, right.length));
  return { io, registry, bytesAt, stored, memo, journal, drafts, look, repair, fetched };
}
