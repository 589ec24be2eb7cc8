// What is wrong with a file whose hash is not the one that it must have? Compares the checksums of its
// chunks with those of the right bytes, where these are known. Pure.
import { type Digest, shortDigest } from '../core/digest.ts';
import { addSpan, type Spans } from '../core/span.ts';
import type { Checksums } from '../core/transfer.ts';
import type { DamageFound, StoredFile } from '../core/verification.ts';

export interface Found extends Checksums {
  readonly digest: Digest;
}

/** `known` says, for people, which file has a digest. `zeros`: blocks of zeros stand in it. */
export function damageOf(
  { bytes, digest }: Pick<StoredFile, 'bytes' | 'digest'>,
  found: Found,
  right: Checksums | null,
  { known, zeros }: { readonly known: ReadonlyMap<Digest, string>; readonly zeros: boolean },
): DamageFound {
  const spans = right === null ? null : damagedSpans(right, found);
  const told = { spans, found: found.digest };
  const length = `It has ${found.bytes} bytes instead of ${bytes}.`;
  const other = known.get(found.digest);
  if (other !== undefined) {
    const detail = `It holds ${other} (${shortDigest(found.digest)}) instead of ${shortDigest(digest)}.`;
    return { ...told, damage: 'swapped', detail };
  }
  if (found.bytes < bytes) return { ...told, damage: 'truncated', detail: length };
  if (found.bytes > bytes) return { ...told, damage: 'changed', detail: length };
  if (zeros) {
    return { ...told, damage: 'zeroed', detail: 'A long run of zeros stands in it.' };
  }
  return {
    ...told,
    damage: 'changed',
    detail: 'Other bytes stand in it than those that are locked.',
  };
}

/** The chunks that are wrong or cut off; null where checksums cannot tell which. */
export function damagedSpans(right: Checksums, found: Checksums): Spans | null {
  if (right.chunkBytes !== found.chunkBytes) return null;
  let spans: Spans = [];
  for (const [at, checksum] of right.chunks.entries()) {
    const start = at * right.chunkBytes;
    const end = Math.min(start + right.chunkBytes, right.bytes);
    if (found.chunks[at] !== checksum || end > found.bytes) spans = addSpan(spans, [start, end]);
  }
  return spans.length === 0 ? null : spans;
}
