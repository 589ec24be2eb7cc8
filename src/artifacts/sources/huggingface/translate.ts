// What the Hub's JSON means: the commit that a revision stands for, and the files in it. Pure, and
// suspicious: a listing decides what is fetched and how much room is reserved for it.
import { type Digest, parseDigest } from '../../../core/digest.ts';
import { isObject } from '../../../core/json-object.ts';
import {
  type Checked,
  checked,
  errorProblem,
  type Problem,
  refused,
} from '../../../core/problem.ts';
import { isHubPath } from './reference.ts';

export interface HubRevision {
  /** 40 hex digits. */
  readonly commit: string;
  /** What the Hub calls the repository now; null where it does not say. */
  readonly repository: string | null;
  readonly isDisabled: boolean;
  readonly license: string | null;
}

export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** Known of what is in large file storage. */
  readonly digest: Digest | null;
  /** Of the object in Git: of a pointer where the digest is known, else of the bytes. */
  readonly gitHash: string;
}

/** No model comes near; a size of more is a lie. 1 PiB. */
const fileBytesMax = 2 ** 50;
const filesMax = 100_000;

/** `name` is for messages, as in all of this file. */
export function parseRevision(value: unknown, name: string): Checked<HubRevision> {
  const commit = isObject(value) ? value['sha'] : null;
  if (!isObject(value) || typeof commit !== 'string' || !/^[0-9a-f]{40}$/.test(commit)) {
    return refused(badAnswer(name, 'It does not say which commit the revision stands for.'));
  }
  const id = value['id'];
  return checked({
    commit,
    repository: typeof id === 'string' && /^[\w.-]{1,96}\/[\w.-]{1,96}$/.test(id) ? id : null,
    isDisabled: value['disabled'] === true,
    license: licenseIn(value['tags']),
  });
}

function licenseIn(tags: unknown): string | null {
  if (!Array.isArray(tags)) return null;
  const tag: unknown = tags.find((one) => typeof one === 'string' && one.startsWith('license:'));
  const license = typeof tag === 'string' ? tag.slice('license:'.length) : '';
  return /^[\w.+-]{1,64}$/.test(license) ? license : null;
}

/** The files of a listing, sorted by path. Names that cannot be paths on this machine are left out. */
export function parseTree(entries: readonly unknown[], name: string): Checked<readonly HubFile[]> {
  const files = new Map<string, HubFile>();
  for (const entry of entries) {
    if (!isObject(entry)) return refused(badAnswer(name, 'It lists what is no file.'));
    const { path } = entry;
    if (entry['type'] !== 'file') continue;
    if (typeof path !== 'string' || !isHubPath(path)) continue;
    const file = parseFile(entry, path);
    if (typeof file === 'string')
      return refused(badAnswer(name, `It lists ${path}, which ${file}.`));
    if (files.has(path)) return refused(badAnswer(name, `It lists ${path} twice.`));
    files.set(path, file);
    if (files.size > filesMax) {
      return refused(badAnswer(name, `It lists more than ${filesMax} files.`));
    }
  }
  return checked([...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)));
}

function parseFile(entry: Readonly<Record<string, unknown>>, path: string): HubFile | string {
  const { oid, lfs } = entry;
  const bytes = isObject(lfs) ? lfs['size'] : entry['size'];
  if (
    typeof bytes !== 'number' ||
    !Number.isSafeInteger(bytes) ||
    bytes < 0 ||
    bytes > fileBytesMax
  )
    return 'has no size that can be one';
  if (typeof oid !== 'string' || !/^[0-9a-f]{40}$/.test(oid)) return 'has no hash of Git';
  if (!isObject(lfs)) return { path, bytes, digest: null, gitHash: oid };
  const sha256 = lfs['oid'] ?? lfs['sha256'];
  const digest = typeof sha256 === 'string' ? parseDigest(sha256) : null;
  return digest === null ? 'has no sha256' : { path, bytes, digest, gitHash: oid };
}

/** The address of the next page in a Link header; null on the last one. */
export function nextPage(link: string | undefined): string | null {
  for (const part of (link ?? '').split(/,(?=\s*<)/)) {
    const match = /^\s*<([^>]{1,8192})>\s*;(.*)$/.exec(part);
    if (match !== null && /(^|;)\s*rel="?next"?\s*(;|$)/i.test(match[2] ?? '')) {
      return match[1] ?? null;
    }
  }
  return null;
}

export const badAnswer = (name: string, detail: string): Problem =>
  errorProblem({
    code: 'source/unexpected-answer',
    summary: 'A source gave an unexpected answer',
    detail: `What the Hub sends for ${name} cannot be used. ${detail}`,
    remedy: 'Check HF_ENDPOINT, and that no proxy or mirror answers in place of the Hub.',
  });
