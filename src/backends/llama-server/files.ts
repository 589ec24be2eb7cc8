// The folder of an image: links to its blobs under names that llama-server understands, and the texts
// that it opens. They take no room. A folder that no name leads to is removed.
import { join, relative } from 'node:path';
import type { OciStore } from '../../artifacts/stores/oci/blobs.ts';
import { blobPath } from '../../artifacts/stores/oci/layout.ts';
import { type Digest, parseDigest } from '../../core/digest.ts';
import { imageFolder, imagesFolder } from './place.ts';
import type { OpenedFile, ServedSection } from './sections.ts';

type Files = Pick<ServedSection, 'image' | 'files'>;

export async function areFilesThere(store: OciStore, { image, files }: Files): Promise<boolean> {
  for (const file of files) {
    const found = await store.io.files.stat(join(imageFolder(store.path, image), file.name));
    const bytes = 'text' in file ? Buffer.byteLength(file.text) : file.bytes;
    if (found?.kind !== 'file' || found.bytes !== bytes) return false;
  }
  return true;
}

export async function putFiles(store: OciStore, section: Files): Promise<void> {
  if (await areFilesThere(store, section)) return;
  for (const file of section.files) await putFile(store, section.image, file);
}

async function putFile({ path, io }: OciStore, image: Digest, file: OpenedFile): Promise<void> {
  const folder = imageFolder(path, image);
  const to = join(folder, file.name);
  if ('text' in file) return io.files.writeAtomic(to, file.text);
  const target = relative(folder, blobPath(path, file.digest));
  const there = await io.files.entry(to);
  if (there?.kind === 'link' && (await io.files.readLink(to)) === target) return;
  if (there !== null) await io.files.remove(to);
  await io.files.symlink(target, to);
}

/** Only folders that are named like images are looked at, and only files in them removed. */
export async function dropUnusedFiles(
  { path, io }: OciStore,
  used: ReadonlySet<Digest>,
): Promise<void> {
  const folder = imagesFolder(path);
  if ((await io.files.stat(folder)) === null) return;
  for (const { name, kind } of await io.files.list(folder)) {
    const image = parseDigest(name);
    if (kind !== 'folder' || image === null || used.has(image)) continue;
    const at = imageFolder(path, image);
    for (const file of await io.files.list(at)) {
      if (file.kind !== 'folder') await io.files.remove(join(at, file.name));
    }
    await io.files.removeFolder(at);
  }
}
