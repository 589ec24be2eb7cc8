// One document of a lock to its value: as modelctl printed it, else through the YAML parser.
import { type Checked, checked } from '../core/problem.ts';
import type { LockDocument } from './lock-documents.ts';
import type { LockEntry, LockHeader } from './lock-entry.ts';
import { printedEntry, printedHeader } from './lock-printed.ts';
import { readEntryYaml, readHeaderYaml } from './lock-yaml.ts';

export function readHeader(document: LockDocument): Checked<LockHeader> {
  const header = printedHeader(document);
  return header === null ? readHeaderYaml(document) : checked(header);
}

export function readEntry(document: LockDocument): Checked<LockEntry> {
  const entry = printedEntry(document);
  return entry === null ? readEntryYaml(document) : checked(entry);
}
