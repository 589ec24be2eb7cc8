// Names that refer to other objects must lead to one. A reference that leads nowhere is an error,
// never an empty set: what it should have placed somewhere would look as if it were not wanted.
import { backendTypes } from '../core/backend-reference.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { errorProblem, type Origin, type Problem } from '../core/problem.ts';
import {
  type HostResource,
  type Kind,
  type ModelResource,
  type Resource,
  resourceLabel,
} from '../core/resource.ts';
import { type FieldPath, formatPath } from './field-path.ts';
import { sharedEndpoints } from './shared-endpoints.ts';
import { placeSeenFrom } from './source-text.ts';

export type Locate = (resource: Resource, path: FieldPath) => Origin;

interface Reference {
  readonly kind: Kind;
  readonly name: string;
  readonly path: FieldPath;
  /** Further words that are allowed in this place. */
  readonly words?: readonly string[];
}

/**
 * Pure. Every reference that leads nowhere, and every hostname that two Hosts claim.
 * `declaredToo`: labels, as in `Category/code`, of objects that exist but have problems.
 */
export function referenceProblems(
  resources: readonly Resource[],
  declaredToo: readonly string[],
  locate: Locate,
): readonly Problem[] {
  const names = new Map<string, Set<string>>();
  for (const label of [...resources.map(resourceLabel), ...declaredToo]) {
    const [kind = '', name = ''] = label.split('/');
    names.set(kind, (names.get(kind) ?? new Set()).add(name));
  }
  const dangling = resources.flatMap((resource) =>
    referencesOf(resource)
      .filter(({ kind, name, words }) => !names.get(kind)?.has(name) && !words?.includes(name))
      .map((reference) =>
        danglingReference(resource, reference, names.get(reference.kind), locate),
      ),
  );
  return [
    ...dangling,
    ...sharedHostnames(resources, locate),
    ...sharedEndpoints(resources, locate),
  ];
}

function referencesOf(resource: Resource): readonly Reference[] {
  switch (resource.kind) {
    case 'Model':
      return [
        ...(resource.spec.categories ?? []).map(
          (name, index): Reference => ({
            kind: 'Category',
            name,
            path: ['spec', 'categories', index],
          }),
        ),
        ...targetReferences(resource.spec.targets, ['spec', 'targets']),
      ];
    case 'Category':
      return targetReferences(resource.spec.defaults?.targets, ['spec', 'defaults', 'targets']);
    case 'HardwareTarget':
      return optional('Backend', resource.spec.backend, ['spec', 'backend'], backendTypes);
    case 'Backend':
      return optional('Host', resource.spec.host, ['spec', 'host']);
    case 'Host':
    case 'Registry':
      return [];
  }
}

const targetReferences = (
  targets: ModelResource['spec']['targets'],
  path: FieldPath,
): readonly Reference[] =>
  (targets ?? []).map((target, index) =>
    typeof target === 'string'
      ? { kind: 'HardwareTarget', name: target, path: [...path, index] }
      : { kind: 'HardwareTarget', name: target.name, path: [...path, index, 'name'] },
  );

const optional = (
  kind: Kind,
  name: string | undefined,
  path: FieldPath,
  words: readonly string[] = [],
): readonly Reference[] => (name === undefined ? [] : [{ kind, name, path, words }]);

function danglingReference(
  resource: Resource,
  { kind, name, path, words = [] }: Reference,
  known: ReadonlySet<string> = new Set(),
  locate: Locate,
): Problem {
  const near = didYouMean(name, [...known, ...words]);
  const field = formatPath(path);
  const command = `modelctl explain ${kind.toLowerCase()}`;
  return errorProblem({
    code: 'manifest/dangling-reference',
    summary: 'A name leads to nothing',
    detail: `\`${field}\` names the ${kind} \`${name}\`, which is not declared.${
      near === null ? '' : ` Did you mean \`${near}\`?`
    }`,
    remedy: `Declare it, correct the name, or read the file that declares it too:\n\n  ${command}`,
    origin: locate(resource, path),
    path: field,
    subject: resourceLabel(resource),
  });
}

interface HostnameUse {
  readonly host: HostResource;
  readonly path: FieldPath;
}

// A machine recognises itself by these, without case; two Hosts that both are this machine would
// make it guess which.
function sharedHostnames(resources: readonly Resource[], locate: Locate): readonly Problem[] {
  const uses = new Map<string, HostnameUse>();
  const problems: Problem[] = [];
  const hosts = resources.filter((resource) => resource.kind === 'Host');
  for (const host of hosts) {
    const own: readonly (readonly [string, FieldPath])[] = [
      [host.metadata.name, ['metadata', 'name']],
      ...(host.spec.hostnames ?? []).map(
        (hostname, index) => [hostname, ['spec', 'hostnames', index]] as const,
      ),
    ];
    for (const [hostname, path] of own) {
      const key = hostname.toLowerCase();
      const first = uses.get(key);
      if (first === undefined) uses.set(key, { host, path });
      // Two Hosts of one name are duplicate objects, which is said elsewhere.
      else if (first.host.metadata.name !== host.metadata.name) {
        problems.push(sharedHostname(hostname, { host, path }, first, locate));
      }
    }
  }
  return problems;
}

function sharedHostname(
  hostname: string,
  use: HostnameUse,
  first: HostnameUse,
  locate: Locate,
): Problem {
  const origin = locate(use.host, use.path);
  const place = placeSeenFrom(locate(first.host, first.path), origin);
  return errorProblem({
    code: 'manifest/shared-hostname',
    summary: 'Two Hosts share a hostname',
    detail: `\`${hostname}\` is already a hostname of ${resourceLabel(first.host)} ${place}.`,
    remedy: 'Remove it from one of the two: a machine can be only one Host.',
    origin,
    path: formatPath(use.path),
    subject: resourceLabel(use.host),
  });
}
