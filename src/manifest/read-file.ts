// One file's bytes to its resources and problems. What simple-yaml.ts can read and nothing is wrong
// with is done at once; only for the rest is the YAML library loaded, which says what is wrong.
import type { Problem } from '../core/problem.ts';
import type { Resource } from '../core/resource.ts';
import { decode } from './decode.ts';
import type { FieldPath } from './field-path.ts';
import { readHeader } from './header.ts';
import { brokenRules } from './rules.ts';
import { readSimple, simplePlaces } from './simple-yaml.ts';
import type { SourceText } from './source-text.ts';
import { validatorOf } from './validators.ts';

export interface ReadResource {
  readonly resource: Resource;
  readonly source: SourceText;
  /** Looks through its document again: for the few that something is said about. */
  readonly places: () => Places;
}

/** Where in the text the value of a field begins; null where nothing stands. */
export type Places = (path: FieldPath) => number | null;

export interface ReadFile {
  readonly resources: readonly ReadResource[];
  readonly problems: readonly Problem[];
}

/** `isNamed`: the user named the file itself, rather than a folder or pattern. */
export async function readFile(
  file: string,
  bytes: Uint8Array,
  isNamed: boolean,
  signal: AbortSignal,
): Promise<ReadFile> {
  const { source, problems } = decode(file, bytes);
  if (source === null) return { resources: [], problems };
  const simple = simpleResources(source, isNamed);
  if (simple !== null) return { resources: simple, problems };
  const { readYaml } = await import('./read-yaml.ts');
  return readYaml(source, problems, isNamed, signal);
}

/** Null unless all of the text is manifests without a mistake. */
function simpleResources(source: SourceText, isNamed: boolean): readonly ReadResource[] | null {
  const resources: ReadResource[] = [];
  for (const { value, offset, start, end } of readSimple(source.text) ?? []) {
    const header = readHeader(value, isNamed);
    if (header.is !== 'manifest' || !validatorOf[header.kind](value)) return null;
    if (brokenRules(value).length > 0) return null;
    const resource = { ...value, origin: source.originAt(offset) };
    resources.push({ resource, source, places: () => simplePlaces(source.text, { start, end }) });
  }
  return resources.length === 0 ? null : resources;
}
