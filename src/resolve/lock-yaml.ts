// One document of a lock through the YAML parser: for those that a person has edited, and to say
// where in the file something is wrong.
import { parseDocument } from 'yaml';
import type { ArtifactFacts, ArtifactFile } from '../core/artifact.ts';
import type { Digest } from '../core/digest.ts';
import { type Checked, refused } from '../core/problem.ts';
import { type FieldPath, faultsOf } from './lock-check.ts';
import type { LockDocument } from './lock-documents.ts';
import type { LockEntry, LockHeader } from './lock-entry.ts';
import { type Fields, openFields } from './lock-fields.ts';
import { apiVersion, factNames } from './lock-print.ts';
import { notALock, otherVersion } from './lock-problems.ts';

export function readHeaderYaml(document: LockDocument): Checked<LockHeader> {
  const reader = openFields(document);
  if (!reader.ok) return reader;
  const { value: read } = reader;
  const version = read.peek('apiVersion');
  if (read.peek('kind') !== 'Lock') return refused(notALock(document));
  if (version !== apiVersion) return refused(otherVersion(document, version));
  const header = {
    set: read.text([], 'set'),
    files: read.list([], 'files').map((_, index) => read.text(['files'], index)),
  };
  read.only([], ['apiVersion', 'kind', 'set', 'files']);
  return read.finish(header, faultsOf.header);
}

export function readEntryYaml(document: LockDocument): Checked<LockEntry> {
  const reader = openFields(document);
  if (!reader.ok) return reader;
  const { value: read } = reader;
  const commit = read.has([], 'commit') ? { commit: read.text([], 'commit') } : {};
  const manifest = read.has([], 'manifest') ? { manifest: read.text([], 'manifest') } : {};
  const entry = {
    model: read.text([], 'model'),
    target: read.text([], 'target'),
    source: read.text([], 'source'),
    revision: read.text([], 'revision') as Digest,
    weights: read.text([], 'weights') as Digest,
    ...commit,
    ...manifest,
    files: read.list([], 'files').map((_, index) => fileAt(read, ['files', index])),
    facts: factsOf(read),
  };
  read.only([], entryFields);
  return read.finish(entry, faultsOf.entry);
}

const entryFields = [
  'model',
  'target',
  'source',
  'revision',
  'weights',
  'commit',
  'manifest',
  'files',
  'facts',
];

/** A header that a person has edited, with another list of files; comments elsewhere stay. */
export function editFiles(header: string, files: readonly string[]): string {
  const document = parseDocument(header.replaceAll('\r\n', '\n'));
  document.set('files', [...files]);
  return document.toString({ lineWidth: 0 });
}

function fileAt(read: Fields, path: FieldPath): ArtifactFile {
  const mediaType = read.has(path, 'mediaType') ? { mediaType: read.text(path, 'mediaType') } : {};
  const gitSha1 = read.has(path, 'gitSha1') ? { gitSha1: read.text(path, 'gitSha1') } : {};
  read.only(path, ['path', 'bytes', 'digest', 'mediaType', 'gitSha1']);
  return {
    path: read.text(path, 'path'),
    bytes: read.number(path, 'bytes'),
    digest: read.text(path, 'digest') as Digest,
    ...mediaType,
    ...gitSha1,
  };
}

function factsOf(read: Fields): ArtifactFacts {
  const facts: Record<string, string | number> = {};
  read.map([], 'facts');
  read.only(['facts'], factNames);
  for (const name of factNames) {
    if (!read.has(['facts'], name)) continue;
    facts[name] =
      name === 'contextLength' || name === 'parameters'
        ? read.number(['facts'], name)
        : read.text(['facts'], name);
  }
  return facts;
}
