// A bundle as it lies on a disk, folder or tar, read by digest. Nothing in it is believed: what is
// read as text is hashed before it is handed out, and no link is followed out of it.
import { join } from 'node:path';
import { type Digest, digestHex } from '../../core/digest.ts';
import { sha256Text } from '../../core/hash.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { ByteRange, Io } from '../../io/io.ts';
import { blobPath, indexPath, layoutPath } from '../stores/oci/layout.ts';
import { damaged } from './problems.ts';
import { tarEntries } from './tar-entries.ts';

export interface OpenBundle {
  /** Absolute. */
  readonly path: string;
  /** The text of index.json. Throws ProblemError, as all of these do. */
  readonly index: () => Promise<string>;
  /** A blob that is read at once, verified. */
  readonly text: (digest: Digest, bytesMax: number) => Promise<Uint8Array>;
  /** Where the bytes of a blob are, which are not verified; null when it is not there. */
  readonly locate: (digest: Digest) => Promise<BlobPlace | null>;
}

export interface BlobPlace {
  readonly bytes: number;
  /** A file that holds the blob. */
  readonly path: string;
  /** Where in it; absent: all of it. */
  readonly range?: ByteRange;
}

const indexBytesMax = 64 * 1024 * 1024;
const layoutBytesMax = 4096;

export async function openBundle(
  io: Pick<Io, 'files'>,
  path: string,
  signal: AbortSignal,
): Promise<OpenBundle> {
  const found = await io.files.stat(path);
  if (found === null) throw new ProblemError(missing(path));
  if (found.kind === 'other') throw damaged(path, 'It is neither a folder nor a file.');
  const placeOf =
    found.kind === 'folder'
      ? inFolder(io, path)
      : await inTar(io, path, { bytes: found.bytes, signal });
  const read = async (name: string, bytesMax: number): Promise<Uint8Array | null> => {
    const place = await placeOf(name);
    if (place === null) return null;
    if (place.bytes > bytesMax) throw damaged(path, `${name} is larger than it can be.`);
    return readPlace(io, place);
  };
  const layout = await read('oci-layout', layoutBytesMax);
  if (layout === null) throw damaged(path, 'It is no OCI image layout: oci-layout is missing.');
  const locate = (digest: Digest): Promise<BlobPlace | null> =>
    placeOf(`blobs/sha256/${digestHex(digest)}`);
  return {
    path,
    locate,
    index: async () => {
      const bytes = await read('index.json', indexBytesMax);
      if (bytes !== null) return Buffer.from(bytes).toString('utf8');
      throw damaged(path, 'index.json is missing, which is written last: it was not completed.');
    },
    text: async (digest, bytesMax) => {
      const bytes = await read(`blobs/sha256/${digestHex(digest)}`, bytesMax);
      if (bytes === null) throw damaged(path, `The blob ${digest} is missing.`);
      if (sha256Text(bytes) !== digest) {
        throw damaged(path, `The blob ${digest} does not have the content of its name.`);
      }
      return bytes;
    },
  };
}

/** The bytes of a blob, or of any part of a bundle, as they are on the disk. */
export const streamOf = (
  { files }: Pick<Io, 'files'>,
  { path, range, bytes }: BlobPlace,
): AsyncIterable<Uint8Array> =>
  bytes === 0
    ? nothing()
    : range === undefined
      ? files.readStream(path)
      : files.readStream(path, range);

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function readPlace(io: Pick<Io, 'files'>, place: BlobPlace): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of streamOf(io, place)) parts.push(part);
  return Buffer.concat(parts);
}

type PlaceOf = (name: string) => Promise<BlobPlace | null>;

function inFolder({ files }: Pick<Io, 'files'>, folder: string): PlaceOf {
  const paths = new Map([
    ['oci-layout', layoutPath(folder)],
    ['index.json', indexPath(folder)],
  ]);
  return async (name) => {
    const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
    const path = hex === undefined ? paths.get(name) : blobPath(folder, `sha256:${hex}`);
    if (path === undefined) return null;
    const above = hex === undefined ? [] : [join(folder, 'blobs'), join(folder, 'blobs', 'sha256')];
    for (const one of above) {
      const kind = (await files.entry(one))?.kind;
      if (kind !== undefined && kind !== 'folder') throw damaged(folder, `${one} is no folder.`);
    }
    const found = await files.entry(path);
    if (found === null) return null;
    if (found.kind !== 'file') throw damaged(folder, `${name} is a ${found.kind}, not a file.`);
    return { path, bytes: found.bytes };
  };
}

async function inTar(
  io: Pick<Io, 'files'>,
  path: string,
  archive: { readonly bytes: number; readonly signal: AbortSignal },
): Promise<PlaceOf> {
  const entries = await tarEntries(io, path, archive);
  return async (name) => {
    const entry = entries.get(name);
    if (entry === undefined) return null;
    const { start, bytes } = entry;
    return { path, bytes, range: { start, end: start + bytes - 1 } };
  };
}

const missing = (path: string) =>
  errorProblem({
    code: 'bundle/not-found',
    summary: 'There is no such bundle',
    detail: `There is no folder or file ${path}.`,
    remedy: 'Name what `modelctl bundle --out` wrote.',
  });
