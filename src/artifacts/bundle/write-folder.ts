// A bundle as a folder. Blobs first and the index last, so that what was cut off has no index and is
// gone on with: a blob that is there is hashed, and not written again when it is right.

import { join } from 'node:path';
import type { Digest } from '../../core/digest.ts';
import { parseDigest } from '../../core/digest.ts';
import { hasBlob, type OciStore, putFile } from '../stores/oci/blobs.ts';
import {
  blobFolder,
  blobPath,
  indexPath,
  layoutPath,
  layoutText,
  parseIndex,
} from '../stores/oci/layout.ts';
import { dropTemporaries } from '../stores/oci/sweep.ts';
import type { WriteBundle, WriteContext } from './bring.ts';
import { type BundleContent, type BundledFile, setArtifactType } from './content.ts';
import { occupied } from './problems.ts';

const indexBytesMax = 64 * 1024 * 1024;

export const writeFolder: WriteBundle = async (path, content, context) => {
  const { io, onBytes, onFile, signal } = context;
  const store: OciStore = { path, io };
  await checkFree(store);
  await dropTemporaries(store);
  const missing: BundledFile[] = [];
  for (const one of content.files) {
    if (!(await isThere(store, one, context))) missing.push(one);
  }
  const textBytes = [...content.texts.values()].reduce((sum, text) => sum + text.length, 0);
  await context.reserve(
    missing,
    missing.reduce((sum, { file }) => sum + file.bytes, textBytes),
  );
  const { drafts } = io;
  await io.files.writeAtomic(layoutPath(path), layoutText, { drafts });
  for (const [digest, text] of content.texts) await putBytes(store, digest, text);
  for (const one of missing) {
    signal.throwIfAborted();
    onFile(one);
    const obtained = await context.obtain(one);
    // What was fetched for this alone may share its bytes; an engine's own files are copied.
    const isUnchanging = obtained.isUnchanging && obtained.downloadedBytes > 0;
    let seen = 0;
    await putFile(
      store,
      one.file.digest,
      { path: obtained.path, isUnchanging },
      {
        signal,
        onHashed: (bytes) => {
          onBytes(bytes - seen);
          seen = bytes;
        },
      },
    );
    onBytes(one.file.bytes - seen);
  }
  await io.files.writeAtomic(indexPath(path), content.index, { drafts });
  await dropOthers(store, content);
  return { written: missing.map(({ file }) => file.digest) };
};

async function putBytes(store: OciStore, digest: Digest, bytes: Uint8Array): Promise<void> {
  const path = blobPath(store.path, digest);
  const { files, drafts } = store.io;
  if (await hasBlob(store, digest, bytes.length)) {
    if (Buffer.from(bytes).equals(await files.readBytes(path, bytes.length))) return;
  }
  await files.writeAtomic(path, bytes, { drafts });
}

async function isThere(
  store: OciStore,
  { file }: BundledFile,
  { signal, onBytes }: WriteContext,
): Promise<boolean> {
  if (!(await hasBlob(store, file.digest, file.bytes))) return false;
  const { bytes } = file;
  const options = { bytes, chunkBytes: Math.max(bytes, 1), signal };
  const found = await store.io.files.digest(blobPath(store.path, file.digest), options);
  if (found.digest !== file.digest) return false;
  onBytes(bytes);
  return true;
}

/** Nothing, an empty folder, or a bundle of ours that may be without its index. */
async function checkFree({ path, io: { files } }: OciStore): Promise<void> {
  const found = await files.stat(path);
  if (found === null) return;
  if (found.kind !== 'folder') throw occupied(path, 'is a file');
  const names = new Set((await files.list(path)).map(({ name }) => name));
  if (names.size === 0) return;
  if (!names.has('oci-layout') || names.has('.git')) {
    // A first run may have been cut off before its first file was whole.
    if ([...names].every((name) => /^\.modelctl-.*\.tmp$/.test(name))) return;
    throw occupied(path, 'is a folder with something else in it');
  }
  if (!names.has('index.json')) return;
  const text = Buffer.from(await files.readBytes(indexPath(path), indexBytesMax)).toString('utf8');
  const isOurs = parseIndex(text)?.manifests.some((one) => one['artifactType'] === setArtifactType);
  if (isOurs !== true) throw occupied(path, 'is an OCI image layout that is no bundle');
}

/** Of a bundle that was there before. */
async function dropOthers(
  { path, io: { files } }: OciStore,
  content: BundleContent,
): Promise<void> {
  const needed = new Set<Digest>([
    ...content.texts.keys(),
    ...content.files.map(({ file }) => file.digest),
  ]);
  for (const { name, kind } of await files.list(blobFolder(path))) {
    const digest = parseDigest(name);
    if (kind !== 'file' || digest === null || needed.has(digest)) continue;
    await files.remove(join(blobFolder(path), name));
  }
}
