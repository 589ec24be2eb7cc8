// Every object has one name and every name one object: kind and name identify it over all files.
import { errorProblem, type Problem } from '../core/problem.ts';
import { type Resource, resourceLabel } from '../core/resource.ts';
import { placeSeenFrom } from './source-text.ts';

/** Pure. One problem for each object after the first of its kind and name, in order. */
export function duplicateObjects(resources: readonly Resource[]): readonly Problem[] {
  const seen = new Map<string, Resource>();
  return resources.flatMap((resource) => {
    const label = resourceLabel(resource);
    const first = seen.get(label);
    if (first !== undefined) return [duplicate(resource, first)];
    seen.set(label, resource);
    return [];
  });
}

function duplicate(resource: Resource, first: Resource): Problem {
  const { name } = resource.metadata;
  const place = placeSeenFrom(first.origin, resource.origin);
  return errorProblem({
    code: 'manifest/duplicate-object',
    summary: 'Two objects have the same name',
    detail: `A ${resource.kind} called \`${name}\` is already declared ${place}.`,
    remedy: 'Rename one of the two, or remove it.',
    origin: resource.origin,
    path: 'metadata.name',
    subject: resourceLabel(resource),
  });
}
