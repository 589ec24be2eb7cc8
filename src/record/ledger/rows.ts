// Between rows and values. What was stored is checked when it is read: a row that does not hold
// what its column promises is damage, never a default.

import { type BackendReference, backendTypes } from '../../core/backend-reference.ts';
import { canonicalJson } from '../../core/canonical.ts';
import type { Recipe } from '../../core/desired.ts';
import { type Digest, isDigest } from '../../core/digest.ts';
import type { InventoryEntry } from '../../core/inventory.ts';
import { isObject } from '../../core/json-object.ts';
import type { Made } from '../../core/made.ts';
import type { Details } from '../../core/observed.ts';
import type { ProcessMark } from '../../core/transfer.ts';
import type { Row } from './database.ts';
import { DamagedRowError } from './failure.ts';

export const toEntry = (row: Row): InventoryEntry => ({
  ...(row['settled'] === null ? {} : { settled: digest(row, 'settled') }),
  set: text(row, 'set_id'),
  host: text(row, 'host'),
  backend: text(row, 'backend'),
  name: text(row, 'name'),
  model: text(row, 'model'),
  role: oneOf(row, 'role', ['model', 'base', 'alias']),
  digest: orNull(row, 'digest', digest),
  made: orNull(row, 'made', made),
  adopted: oneOf(row, 'adopted', [0, 1]) === 1,
  residency: oneOf(row, 'residency', ['optional', 'stored', 'loaded', 'pinned']),
  prune: oneOf(row, 'prune', ['Delete', 'Keep', 'Confirm']),
  base: orNull(row, 'base', text),
});

/** In the order of the columns. */
export const fromEntry = (entry: InventoryEntry) =>
  [
    entry.set,
    entry.host,
    entry.backend,
    entry.name,
    entry.model,
    entry.role,
    entry.digest,
    entry.made === null ? null : canonicalJson(entry.made),
    entry.adopted ? 1 : 0,
    entry.residency,
    entry.prune,
    entry.base,
    entry.settled ?? null,
  ] as const;

export function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : damaged(column);
}

export function whole(row: Row, column: string): number {
  const value = row[column];
  return Number.isSafeInteger(value) ? Number(value) : damaged(column);
}

export function digest(row: Row, column: string): Digest {
  const value = text(row, column);
  return isDigest(value) ? value : damaged(column);
}

export function oneOf<const T extends string | number>(
  row: Row,
  column: string,
  values: readonly T[],
): T {
  return values.find((value) => value === row[column]) ?? damaged(column);
}

export const orNull = <T>(
  row: Row,
  column: string,
  read: (row: Row, column: string) => T,
): T | null => (row[column] === null ? null : read(row, column));

export function made(row: Row, column: string): Made {
  const value = json(row, column);
  const { revision, base, recipe } = value;
  if (!isDigestText(revision)) return damaged(column);
  return { revision, base: digestOrNull(base, column), recipe: digestOrNull(recipe, column) };
}

export function details(row: Row, column: string): Details {
  const { weights, recipe } = json(row, column);
  if (!isRecipe(recipe)) return damaged(column);
  return { weights: digestOrNull(weights, column), recipe };
}

const isRecipe = (value: unknown): value is Recipe =>
  isObject(value) &&
  isTextOrAbsent(value['system']) &&
  isTextOrAbsent(value['template']) &&
  (value['parameters'] === undefined || isObject(value['parameters'])) &&
  (value['adapters'] === undefined || Array.isArray(value['adapters']));

const isTextOrAbsent = (value: unknown): boolean =>
  value === undefined || typeof value === 'string';

export function reference(row: Row, column: string): BackendReference {
  const value = json(row, column);
  const { host, id, type, name, endpoint, store, files, auth } = value;
  if (typeof host !== 'string' || typeof id !== 'string') return damaged(column);
  const known = backendTypes.find((one) => one === type);
  if (known === undefined) return damaged(column);
  return {
    host,
    id,
    type: known,
    name: textOrNull(name, column),
    endpoint: textOrNull(endpoint, column),
    store: textOrNull(store, column),
    ...(files === 'none' || files === 'read' || files === 'write' ? { files } : {}),
    auth: secretOrNull(auth, column),
  };
}

function json(row: Row, column: string): Readonly<Record<string, unknown>> {
  const value = parsed(row, column);
  return isObject(value) ? value : damaged(column);
}

export function parsed(row: Row, column: string): unknown {
  const source = text(row, column);
  try {
    return JSON.parse(source);
  } catch {
    return damaged(column);
  }
}

const isDigestText = (value: unknown): value is Digest =>
  typeof value === 'string' && isDigest(value);

const digestOrNull = (value: unknown, column: string): Digest | null =>
  value === null || isDigestText(value) ? value : damaged(column);

const textOrNull = (value: unknown, column: string): string | null =>
  value === null || typeof value === 'string' ? value : damaged(column);

function secretOrNull(value: unknown, column: string): BackendReference['auth'] {
  if (value === null) return null;
  if (!isObject(value)) return damaged(column);
  const { env, file } = value;
  if (typeof env === 'string') return { env };
  return typeof file === 'string' ? { file } : damaged(column);
}

export function damaged(column: string): never {
  throw new DamagedRowError(`a row has no valid ${column}`);
}

export function processMark(row: Row, column: string): ProcessMark {
  const value = parsed(row, column);
  if (!isObject(value)) return damaged(column);
  const { pid, start } = value;
  if (!isWhole(pid) || !(start === null || typeof start === 'string')) return damaged(column);
  return { pid, start };
}

export const isWhole = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
