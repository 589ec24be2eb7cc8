// What a Model refers to: the canonical source of its weights and of each adapter. Known from the
// manifests alone, without asking an engine or a source, so that a lock can be judged offline.
import { dirname } from 'node:path';
import type { Sources } from '../artifacts/source.ts';
import { type Checked, checked, type Origin, type Problem, refused } from '../core/problem.ts';
import { type Manifests, resourceLabel } from '../core/resource.ts';
import type { Io } from '../io/io.ts';
import { entryKey } from './lock-entry.ts';
import type { PinKey } from './pin.ts';
import { type Request, requestsOf } from './requests.ts';

export type Path = readonly (string | number)[];

export interface Reference extends PinKey {
  /** Of the field that names it. */
  readonly path: Path;
}

export interface ReferenceContext {
  readonly manifests: Manifests;
  readonly sources: Sources;
  /** Relative files are meant from here: the folder of the lock. */
  readonly folder: string;
  readonly io: Pick<Io, 'environment'>;
}

/** A request's references as far as they could be read. Problems say where they stand. */
export interface References {
  /** The weights first, then the adapters. */
  readonly references: readonly Reference[];
  readonly problems: readonly Problem[];
}

export function referencesOf(request: Request, context: ReferenceContext): References {
  const { spec, metadata } = request.model;
  const references: Reference[] = [];
  const texts: readonly (readonly [string, Path])[] = [
    [spec.source, ['spec', 'source']],
    ...(spec.derive?.adapters ?? []).map(
      (text, index) => [text, ['spec', 'derive', 'adapters', index]] as const,
    ),
  ];
  for (const [text, path] of texts) {
    const source = canonicalSource(request, text, context);
    if (!source.ok)
      return { references, problems: located(source.problems, request, context, path) };
    references.push({ model: metadata.name, target: request.target, source: source.value, path });
  }
  return { references, problems: [] };
}

export interface DeclaredReference extends PinKey {
  readonly origin: Origin;
}

/**
 * Everything that the manifests refer to, on whatever host, each line once. Refused where they make
 * no sense on any host.
 */
export function declaredReferences(
  context: ReferenceContext,
): Checked<readonly DeclaredReference[]> {
  const { manifests } = context;
  const hosts = manifests.resources.filter((one) => one.kind === 'Host');
  const { requests, problems } = requestsOf(manifests, { self: null, hosts });
  const all = [...problems];
  const lines = new Map<string, DeclaredReference>();
  for (const request of requests) {
    const { references, problems: unusable } = referencesOf(request, context);
    all.push(...unusable);
    for (const { path, ...key } of references) {
      lines.set(entryKey(key), { ...key, origin: manifests.locate(request.model, path) });
    }
  }
  return all.some(({ severity }) => severity === 'error')
    ? refused(...all)
    : checked([...lines.values()], all);
}

function canonicalSource(
  { model }: Request,
  reference: string,
  { sources, folder, io }: ReferenceContext,
): Checked<string> {
  const { file } = model.origin;
  const from = file === '-' ? io.environment.workingFolder : dirname(file);
  const rebased = reference.startsWith(`${sources.local.scheme}:`)
    ? sources.local.rebase(reference, from, folder, io.environment.platform)
    : reference;
  return sources.canonicalize(rebased);
}

/** Problems that say which Model they are of, and where; one that has a place keeps it. */
export function located(
  problems: readonly Problem[],
  { model }: Pick<Request, 'model'>,
  { manifests }: Pick<ReferenceContext, 'manifests'>,
  path: Path,
): readonly Problem[] {
  if (problems.length === 0) return [];
  const at = {
    origin: manifests.locate(model, path),
    subject: resourceLabel(model),
    path: path.join('.'),
  };
  return problems.map((problem) => ({ ...at, ...problem }));
}
