// A bundle as one tar archive. Where each byte of it goes is known before the first one is written,
// so that it is put together in place, under another name until it is whole: what a run that was cut
// off has written is hashed, and not written again.
import { createHash } from 'node:crypto';
import { compareText } from '../../core/canonical.ts';
import type { Digest } from '../../core/digest.ts';
import { digestHex } from '../../core/digest.ts';
import { ProblemError } from '../../core/problem.ts';
import { addSpan, type Spans } from '../../core/span.ts';
import type { Assembly } from '../../io/io.ts';
import { layoutText } from '../stores/oci/layout.ts';
import type { WriteBundle, WriteContext } from './bring.ts';
import type { BundleContent, BundledFile } from './content.ts';
import { changedMeanwhile, occupied } from './problems.ts';
import { blockBytes, headerOf, paddingOf } from './tar-header.ts';

interface Part {
  /** Where it stands in the archive, header first. */
  readonly start: number;
  readonly header: Uint8Array;
  readonly bytes: number;
  readonly content: Uint8Array | BundledFile;
}

const chunkBytes = 16 * 1024 * 1024;

export const writeTar: WriteBundle = async (path, content, context) => {
  const { io, signal } = context;
  const found = await io.files.stat(path);
  if (found !== null && found.kind !== 'file') throw occupied(path, 'is no file');
  const parts = partsOf(content);
  const last = parts.at(-1);
  const end = (last === undefined ? 0 : endOf(last)) + 2 * blockBytes;
  if (found?.bytes === end && (await isWhole(path, parts, context))) return { written: [] };
  const partial = `${path}.partial`;
  const { present, missing } = await leftOver(partial, parts, end, context);
  const missingBytes = end - present.reduce((sum, [from, to]) => sum + to - from, 0);
  await context.reserve(missing, missingBytes);
  const options = { bytes: end, chunkBytes, present, onWritten: () => undefined };
  const assembly = await io.files.assemble(partial, options);
  try {
    const isMissing = new Set(missing);
    for (const part of parts) {
      signal.throwIfAborted();
      await write(assembly, part.start, part.header);
      const from = part.start + part.header.length;
      if (part.content instanceof Uint8Array) await write(assembly, from, part.content);
      else if (isMissing.has(part.content)) await copy(assembly, from, part.content, context);
      await write(assembly, from + part.bytes, new Uint8Array(paddingOf(part.bytes)));
    }
    await write(assembly, end - 2 * blockBytes, new Uint8Array(2 * blockBytes));
    await assembly.finish();
  } finally {
    await assembly.close();
  }
  await io.files.rename(partial, path);
  return { written: missing.map(({ file }) => file.digest) };
};

/** The index first, so that a reader knows what comes; blobs by their digests. */
function partsOf(content: BundleContent): readonly Part[] {
  const blobs: (readonly [string, Uint8Array | BundledFile])[] = [
    ...[...content.texts].map(([digest, text]) => [blobName(digest), text] as const),
    ...content.files.map((one) => [blobName(one.file.digest), one] as const),
  ];
  const named: readonly (readonly [string, Uint8Array | BundledFile])[] = [
    ['oci-layout', Buffer.from(layoutText)],
    ['index.json', Buffer.from(content.index)],
    ...blobs.toSorted(([a], [b]) => compareText(a, b)),
  ];
  const parts: Part[] = [];
  let start = 0;
  for (const [name, one] of named) {
    const bytes = one instanceof Uint8Array ? one.length : one.file.bytes;
    const part = { start, header: headerOf(name, bytes), bytes, content: one };
    parts.push(part);
    start = endOf(part);
  }
  return parts;
}

const endOf = ({ start, header, bytes }: Part): number =>
  start + header.length + bytes + paddingOf(bytes);

const blobName = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;

/** Whether it is there already, byte for byte. */
async function isWhole(
  path: string,
  parts: readonly Part[],
  context: WriteContext,
): Promise<boolean> {
  const { files } = context.io;
  for (const { start, header, content } of parts) {
    const text = content instanceof Uint8Array ? content : new Uint8Array();
    const wanted = Buffer.concat([header, text]);
    const range = { start, end: start + wanted.length - 1 };
    const there: Uint8Array[] = [];
    for await (const chunk of files.readStream(path, range)) there.push(chunk);
    if (!wanted.equals(Buffer.concat(there))) return false;
  }
  const quiet = { ...context, onBytes: () => undefined };
  return (await presentIn(path, parts, quiet)).missing.length === 0;
}

/** Which files an earlier run has written whole: what is found by hashing, whatever that run was. */
async function leftOver(
  partial: string,
  parts: readonly Part[],
  end: number,
  context: WriteContext,
): Promise<Present> {
  const { files } = context.io;
  const found = await files.stat(partial);
  // Of a larger bundle: its end would stay behind.
  if (found !== null && found.bytes > end) await files.remove(partial);
  return presentIn(partial, parts, context);
}

interface Present {
  readonly present: Spans;
  readonly missing: readonly BundledFile[];
}

async function presentIn(
  path: string,
  parts: readonly Part[],
  { io, signal, onBytes }: WriteContext,
): Promise<Present> {
  const { files } = io;
  const missing: BundledFile[] = [];
  let present: Spans = [];
  const there = (await files.stat(path))?.bytes ?? 0;
  for (const { start, header, bytes, content } of parts) {
    if (content instanceof Uint8Array) continue;
    const from = start + header.length;
    const isThere = from + bytes <= there && bytes > 0;
    const range = { start: from, end: from + bytes - 1 };
    const digest = isThere ? await hashOf(files.readStream(path, range), signal) : null;
    if (digest === content.file.digest) {
      present = addSpan(present, [from, from + bytes]);
      onBytes(bytes);
    } else missing.push(content);
  }
  return { present, missing };
}

async function hashOf(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    hash.update(chunk);
  }
  return `sha256:${hash.digest('hex')}`;
}

async function write(assembly: Assembly, start: number, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) return;
  const part = assembly.part(start);
  await part.write(bytes);
  await part.end();
}

async function copy(
  assembly: Assembly,
  start: number,
  one: BundledFile,
  context: WriteContext,
): Promise<void> {
  const { io, signal, onBytes, onFile } = context;
  onFile(one);
  const { path } = await context.obtain(one);
  const part = assembly.part(start);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of io.files.readStream(path)) {
    signal.throwIfAborted();
    bytes += chunk.length;
    // Not a byte beyond its place: what follows may be written already.
    if (bytes > one.file.bytes) throw new ProblemError(changedMeanwhile(path));
    hash.update(chunk);
    await part.write(chunk);
    onBytes(chunk.length);
  }
  await part.end();
  const digest: Digest = `sha256:${hash.digest('hex')}`;
  if (digest !== one.file.digest) throw new ProblemError(changedMeanwhile(path));
}
