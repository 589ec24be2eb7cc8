// What must hold of a lock's values beyond their types, wherever they were read from. Each fault
// names the field, so that whoever knows the file can say where it stands.
import { digestOfFiles } from '../core/artifact-files.ts';
import { isDigest } from '../core/digest.ts';
import { sha256Text } from '../core/hash.ts';
import { isInside } from '../core/relative-path.ts';
import { weightsOf } from '../core/weights.ts';
import type { LockEntry, LockHeader } from './lock-entry.ts';

export type FieldPath = readonly (string | number)[];

export interface Fault {
  readonly path: FieldPath;
  readonly code: 'lock/invalid-value' | 'lock/digest-mismatch';
  /** A full sentence. */
  readonly detail: string;
}

const filesMax = 100_000;
const nameRule = /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/;

export const faultsOf = {
  header: (header: LockHeader): readonly Fault[] => [
    ...unless(
      /^[A-Za-z0-9-]{8,64}$/.test(header.set),
      ['set'],
      'The id of a set is 8 to 64 letters, digits and dashes.',
    ),
    ...header.files.flatMap((file, index) =>
      unless(
        isInside(file),
        ['files', index],
        'A file is named by a relative path that does not lead outside.',
      ),
    ),
  ],
  entry: (entry: LockEntry): readonly Fault[] => [
    ...unless(isName(entry.model), ['model'], 'This cannot be the name of a Model.'),
    ...unless(
      entry.target === '-' || isName(entry.target),
      ['target'],
      "This can be neither the name of a HardwareTarget nor '-'.",
    ),
    ...unless(
      /^[a-z][a-z0-9+.-]*:\/\/\S+$/.test(entry.source),
      ['source'],
      'A source in canonical form begins with a scheme, as in ollama://.',
    ),
    ...unless(isDigest(entry.revision), ['revision'], notDigest),
    ...unless(isDigest(entry.weights), ['weights'], notDigest),
    ...unless(
      entry.commit === undefined || /^[0-9a-f]{40}$/.test(entry.commit),
      ['commit'],
      'A commit is 40 lower-case hex digits.',
    ),
    ...fileFaults(entry),
    ...(isDigest(entry.revision) ? identityFaults(entry) : []),
  ],
};

const notDigest = 'A digest is sha256: and 64 lower-case hex digits.';

function fileFaults(entry: LockEntry): readonly Fault[] {
  const { files } = entry;
  if (files.length === 0) return unless(false, ['files'], 'An artifact has at least one file.');
  if (files.length > filesMax)
    return unless(false, ['files'], `More than ${filesMax} files are not read.`);
  const paths = new Set<string>();
  const faults: Fault[] = [];
  for (const [index, file] of files.entries()) {
    faults.push(
      ...unless(
        isInside(file.path),
        ['files', index, 'path'],
        'A file is named by a relative path that does not lead outside.',
      ),
      ...unless(!paths.has(file.path), ['files', index, 'path'], 'Another file has the same path.'),
      ...unless(
        Number.isSafeInteger(file.bytes) && file.bytes >= 0,
        ['files', index, 'bytes'],
        'A size is a whole number of bytes.',
      ),
      ...unless(isDigest(file.digest), ['files', index, 'digest'], notDigest),
      ...unless(
        file.gitSha1 === undefined || /^[0-9a-f]{40}$/.test(file.gitSha1),
        ['files', index, 'gitSha1'],
        'The object id of a file in Git is 40 lower-case hex digits.',
      ),
    );
    paths.add(file.path);
  }
  return faults;
}

function identityFaults(entry: LockEntry): readonly Fault[] {
  const { files, manifest, revision, weights } = entry;
  const mismatch = (path: FieldPath, detail: string): readonly Fault[] => [
    { path, code: 'lock/digest-mismatch', detail },
  ];
  if (manifest !== undefined && sha256Text(manifest) !== revision) {
    return mismatch(['manifest'], 'The manifest has not the digest that revision gives.');
  }
  if (manifest === undefined && digestOfFiles(files) !== revision) {
    return mismatch(['revision'], 'Without a manifest the revision is the digest of the files.');
  }
  if (files.some((file) => file.digest === weights)) return [];
  if (weightsOf(files) === weights) return [];
  return mismatch(['weights'], 'None of the files has the digest of the weights.');
}

const isName = (text: string): boolean => text.length <= 63 && nameRule.test(text);

const unless = (holds: boolean, path: FieldPath, detail: string): readonly Fault[] =>
  holds ? [] : [{ path, code: 'lock/invalid-value', detail }];
