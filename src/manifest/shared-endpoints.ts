// One place has one Registry: with two, which mirrors and credentials hold would depend on the order
// of files.
import { spokenOrigin } from '../core/docker-hub.ts';
import { errorProblem, type Origin, type Problem } from '../core/problem.ts';
import { type RegistryResource, type Resource, resourceLabel } from '../core/resource.ts';
import { type FieldPath, formatPath } from './field-path.ts';
import { placeSeenFrom } from './source-text.ts';

const path: FieldPath = ['spec', 'endpoint'];

/** Pure. Every Registry whose endpoint another one has already. */
export function sharedEndpoints(
  resources: readonly Resource[],
  locate: (resource: Resource, path: FieldPath) => Origin,
): readonly Problem[] {
  const firsts = new Map<string, RegistryResource>();
  const problems: Problem[] = [];
  for (const registry of resources.filter((resource) => resource.kind === 'Registry')) {
    const url = URL.parse(registry.spec.endpoint);
    const origin = url === null ? registry.spec.endpoint : spokenOrigin(url);
    const first = firsts.get(origin);
    if (first === undefined) firsts.set(origin, registry);
    // Two of one name are duplicate objects, which is said elsewhere.
    else if (first.metadata.name !== registry.metadata.name) {
      const at = locate(registry, path);
      const place = placeSeenFrom(locate(first, path), at);
      problems.push(
        errorProblem({
          code: 'manifest/shared-endpoint',
          summary: 'Two Registries share an endpoint',
          detail: `\`${origin}\` is already the endpoint of ${resourceLabel(first)} ${place}.`,
          remedy: 'Write what both say into one of them, and remove the other.',
          origin: at,
          path: formatPath(path),
          subject: resourceLabel(registry),
        }),
      );
    }
  }
  return problems;
}
