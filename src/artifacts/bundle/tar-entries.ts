// Which file of a tar archive stands where: its headers are read, its content is passed over. Strict,
// since an archive may come from anybody: files and folders only, each name once, every size within
// the archive.
import type { Io } from '../../io/io.ts';
import { damaged } from './problems.ts';
import { blockBytes, paddingOf, parseHeader, parsePax, type TarHeader } from './tar-header.ts';

export interface TarEntry {
  /** Where its first byte stands in the archive. */
  readonly start: number;
  readonly bytes: number;
}

const paxBytesMax = 64 * 1024;
/** A bundle of thousands of models has fewer. */
const entriesMax = 200_000;

/** Files by name, without a `./` before it. Throws ProblemError for what is no such archive. */
export async function tarEntries(
  { files }: Pick<Io, 'files'>,
  path: string,
  { bytes, signal }: { readonly bytes: number; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  let pax: ReadonlyMap<string, string> = new Map();
  for (let at = 0, seen = 0; at < bytes; seen += 1) {
    signal.throwIfAborted();
    if (seen > entriesMax) throw damaged(path, `It has more than ${entriesMax} entries.`);
    const read = parseHeader(await readPart(files, path, at, blockBytes));
    if (read === 'end') return entries;
    if (read === null) throw damaged(path, `At byte ${at} there is no header of a tar archive.`);
    const start = at + blockBytes;
    const header = withPax(read, pax, path);
    if (start + header.bytes > bytes) {
      throw damaged(path, `It was cut off: ${shown(header.name)} goes on after its end.`);
    }
    at = start + header.bytes + paddingOf(header.bytes);
    if (header.type === 'x') {
      if (header.bytes > paxBytesMax) throw damaged(path, `A header at byte ${start} is too long.`);
      const records = parsePax(await readPart(files, path, start, header.bytes));
      if (records === null) throw damaged(path, `A header at byte ${start} cannot be read.`);
      pax = records;
      continue;
    }
    pax = new Map();
    if (header.type === 'g') continue;
    const name = header.name.replace(/^\.\/+/, '');
    if (header.type === '5') {
      if (!folders.has(name.replace(/\/$/, ''))) throw damaged(path, foreign(name));
      continue;
    }
    if (header.type !== '0') {
      throw damaged(path, `${shown(name)} is a link or a device, and a bundle has none.`);
    }
    if (!/^(oci-layout|index\.json|blobs\/sha256\/[0-9a-f]{64})$/.test(name)) {
      throw damaged(path, foreign(name));
    }
    if (entries.has(name)) throw damaged(path, `It has ${shown(name)} twice.`);
    entries.set(name, { start, bytes: header.bytes });
  }
  throw damaged(path, 'It was cut off: the end of the archive is missing.');
}

const folders: ReadonlySet<string> = new Set(['', '.', 'blobs', 'blobs/sha256']);

/** Only what changes where the bytes are; owners and times mean nothing here. */
function withPax(header: TarHeader, pax: ReadonlyMap<string, string>, path: string): TarHeader {
  if (header.type === 'x' || header.type === 'g') return header;
  const size = pax.get('size');
  const bytes = size === undefined ? header.bytes : Number(size);
  if (!Number.isSafeInteger(bytes) || bytes < 0 || (size !== undefined && !/^\d+$/.test(size))) {
    throw damaged(path, `${shown(header.name)} has a size that cannot be one.`);
  }
  return { ...header, bytes, name: pax.get('path') ?? header.name };
}

async function readPart(
  files: Io['files'],
  path: string,
  start: number,
  bytes: number,
): Promise<Uint8Array> {
  if (bytes === 0) return new Uint8Array();
  const parts: Uint8Array[] = [];
  for await (const part of files.readStream(path, { start, end: start + bytes - 1 })) {
    parts.push(part);
  }
  const whole = Buffer.concat(parts);
  if (whole.length !== bytes) throw damaged(path, 'It was cut off.');
  return whole;
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 200));

const foreign = (name: string): string => `${shown(name)} is no part of a bundle.`;
