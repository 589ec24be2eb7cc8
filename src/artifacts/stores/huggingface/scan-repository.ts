// One repository of the cache: its blobs, what its snapshots lead to, its refs, and what in it is
// half there. Links are read, never followed: where they lead is worked out from what they say.
import { dirname, join, resolve, sep } from 'node:path';
import { blobBehind, isPartial, type RepositoryName } from './layout.ts';
import { readRef } from './refs.ts';
import type {
  CachedBlob,
  CachedFile,
  CachedPartial,
  CachedRepository,
  CachedRevision,
  Ref,
} from './scanned.ts';
import type { CacheStore } from './store.ts';
import { type Allowance, type Found, walk } from './walk.ts';
import { scanWarnings } from './warnings.ts';

/** Names looked at in one repository. */
const namesMax = 200_000;

interface Place extends CacheStore {
  /** Absolute path of the repository's folder. */
  readonly folder: string;
}

/** Throws node's own errors. */
export async function readRepository(
  store: CacheStore,
  path: string,
  name: RepositoryName,
): Promise<CachedRepository> {
  const place = { ...store, folder: path };
  const { files } = store.io;
  const allowance: Allowance = { left: namesMax };
  const inBlobs = await walk(files, join(path, 'blobs'), allowance);
  const inRefs = await walk(files, join(path, 'refs'), allowance);
  const inSnapshots = await walk(files, join(path, 'snapshots'), allowance);
  const complete = inBlobs !== null && inRefs !== null && inSnapshots !== null;

  const blobs = await readBlobs(place, inBlobs ?? []);
  const found = await readFiles(place, inSnapshots ?? [], blobs);
  const refs = await readRefs(place, inRefs ?? []);
  const commits = await readCommits(place);
  const revisions: readonly CachedRevision[] = commits.map((commit) => ({
    commit,
    refs: refs.filter((ref) => ref.commit === commit).map((ref) => ref.name),
    files: found.filter((file) => file.commit === commit).map(({ file }) => file),
  }));
  const danglingRefs = refs.filter(({ commit }) => commit === null || !commits.includes(commit));
  const partials = partialsOf(place, inBlobs ?? [], inRefs ?? []);
  const standing = found.flatMap(({ file }) => (file.blob === null ? [file] : []));
  const named = (files_: readonly FileOfCommit[]) =>
    files_.map(({ commit, file }) => `snapshots/${commit}/${file.path}`);
  return {
    ...name,
    path,
    revisions,
    blobs: withLinks(blobs, found),
    partials,
    danglingRefs,
    bytes: [...blobs, ...partials, ...standing].reduce((sum, one) => sum + (one.bytes ?? 0), 0),
    complete,
    warnings: [
      ...scanWarnings('not-all-read', path, complete ? [] : [`more than ${namesMax} names`]),
      ...scanWarnings(
        'dangling-link',
        path,
        named(found.filter((one) => one.state === 'dangling')),
      ),
      ...scanWarnings('foreign-link', path, named(found.filter((one) => one.state === 'foreign'))),
      ...scanWarnings(
        'dangling-ref',
        path,
        danglingRefs.map((ref) => `refs/${ref.name}`),
      ),
    ],
  };
}

type Blob = Omit<CachedBlob, 'links'>;

async function readBlobs(place: Place, found: readonly Found[]): Promise<readonly Blob[]> {
  const blobs: Blob[] = [];
  for (const { path: name, entry } of found) {
    if (name.includes('/') || isPartial(name)) continue;
    if (entry.kind === 'file') {
      blobs.push({ name, bytes: entry.bytes, isShared: entry.names > 1 });
    } else if (entry.kind === 'link') {
      const bytes = await sharedBytes(place, name);
      if (bytes !== null) blobs.push({ name, bytes, isShared: true });
    }
  }
  return blobs;
}

/** A blob may be a link into the store that all repositories of a cache share (client 1.20 on). */
async function sharedBytes(place: Place, name: string): Promise<number | null> {
  const path = join(place.folder, 'blobs', name);
  const target = resolve(dirname(path), await place.io.files.readLink(path));
  if (!target.startsWith(join(place.path, 'blobs') + sep)) return null;
  const found = await place.io.files.entry(target);
  return found?.kind === 'file' ? found.bytes : null;
}

interface FileOfCommit {
  readonly commit: string;
  readonly file: CachedFile;
  readonly state: 'there' | 'dangling' | 'foreign';
}

async function readFiles(
  place: Place,
  found: readonly Found[],
  blobs: readonly Blob[],
): Promise<readonly FileOfCommit[]> {
  const sizes = new Map(blobs.map((blob) => [blob.name, blob.bytes]));
  const files: FileOfCommit[] = [];
  for (const { path: inSnapshots, entry } of found) {
    const [commit = '', ...parts] = inSnapshots.split('/');
    const path = parts.join('/');
    if (path === '') continue;
    if (entry.kind !== 'link') {
      files.push({ commit, file: { path, bytes: entry.bytes, blob: null }, state: 'there' });
      continue;
    }
    const link = join(place.folder, 'snapshots', ...inSnapshots.split('/'));
    const blob = blobBehind(place.folder, dirname(link), await place.io.files.readLink(link));
    const bytes = blob === null ? null : (sizes.get(blob) ?? null);
    const state = blob === null ? 'foreign' : bytes === null ? 'dangling' : 'there';
    files.push({ commit, file: { path, bytes, blob }, state });
  }
  return files;
}

function withLinks(blobs: readonly Blob[], files: readonly FileOfCommit[]): readonly CachedBlob[] {
  const links = new Map<string, number>();
  for (const { file } of files) {
    if (file.blob !== null) links.set(file.blob, (links.get(file.blob) ?? 0) + 1);
  }
  return blobs.map((blob) => ({ ...blob, links: links.get(blob.name) ?? 0 }));
}

/** Also those without a file: a ref may lead to one. */
async function readCommits(place: Place): Promise<readonly string[]> {
  const folder = join(place.folder, 'snapshots');
  if ((await place.io.files.entry(folder))?.kind !== 'folder') return [];
  const names: string[] = [];
  for (const { name, kind } of await place.io.files.list(folder)) {
    if (kind !== 'folder') continue;
    if ((await place.io.files.entry(join(folder, name)))?.kind === 'folder') names.push(name);
  }
  return names;
}

async function readRefs(place: Place, found: readonly Found[]): Promise<readonly Ref[]> {
  const refs: Ref[] = [];
  for (const { path: name, entry } of found) {
    if (entry.kind !== 'file' || isPartial(name)) continue;
    refs.push({ name, commit: await readRef(place, name) });
  }
  return refs;
}

function partialsOf(
  place: Place,
  inBlobs: readonly Found[],
  inRefs: readonly Found[],
): readonly CachedPartial[] {
  const within = (folder: string, found: readonly Found[]): readonly CachedPartial[] =>
    found
      .filter(({ path, entry }) => entry.kind === 'file' && isPartial(path))
      .map(({ path, entry }) => ({
        path: join(place.folder, folder, path),
        bytes: entry.bytes,
        modifiedAt: entry.modifiedAt,
      }));
  return [...within('blobs', inBlobs), ...within('refs', inRefs)];
}
