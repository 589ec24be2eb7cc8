// How engines are to be run and set up, as their Backends say. An engine has no say in it: it is
// asked for by the manifests alone, and the fields are known before anything is asked.
import type { Backend, Engines, Service } from '../backends/backend.ts';
import type { BackendReference } from '../core/backend-reference.ts';
import { compareText } from '../core/canonical.ts';
import { backendKey } from '../core/key.ts';
import { type Checked, checked, errorProblem, type Problem, refused } from '../core/problem.ts';
import { type BackendResource, type Manifests, resourceLabel } from '../core/resource.ts';
import type { DesiredService } from '../core/service.ts';
import type { Io } from '../io/io.ts';

interface Declared {
  readonly reference: BackendReference;
  readonly backend: Backend;
  readonly service?: Service;
}

/** Null where a Backend does not say. Problems have the place of the field that they are about. */
export function serviceOf(
  resource: BackendResource,
  engine: Declared,
  {
    manifests,
    engines,
    io,
    declared,
  }: {
    readonly manifests: Manifests;
    readonly engines: Engines;
    readonly io: Io;
    /** Before it. */
    readonly declared: readonly Declared[];
  },
): Checked<Service | null> {
  const { service, settings = {} } = resource.spec;
  if (service === undefined || engines.serve === undefined) return checked(null);
  const served = engines.serve({ service, settings }, engine, io);
  if (served.ok) {
    const { place } = served.value;
    const rival = declared.find((one) => one.service?.place === place);
    if (rival === undefined) return served;
    const origin = manifests.locate(resource, ['spec', 'service']);
    return refused(sameService(place, rival, { origin, subject: resourceLabel(resource) }));
  }
  return refused(
    ...served.problems.map((problem) => ({
      ...problem,
      origin: manifests.locate(resource, (problem.path ?? 'spec').split('.')),
      subject: resourceLabel(resource),
    })),
  );
}

const sameService = (
  place: string,
  { reference }: Declared,
  at: Pick<Problem, 'origin' | 'subject'>,
): Problem =>
  errorProblem({
    code: 'resolve/same-service',
    summary: 'Two Backends are run by one service',
    detail: `The ${place} runs Backend/${reference.name ?? reference.id} already.`,
    remedy: 'Name another unit, or keep one of the two Backends.',
    path: 'spec.service',
    ...at,
  });

/** By `backendKey`, in the order of the keys. */
export function desiredServices(
  declared: readonly Declared[],
  { resources, locate }: Manifests,
): ReadonlyMap<string, DesiredService> {
  const services = declared.flatMap(({ reference, service }) => {
    const { host, id: backend, name } = reference;
    const resource = resources.find((one) => one.kind === 'Backend' && one.metadata.name === name);
    if (service === undefined || name === null || resource === undefined) return [];
    const { fields, storeField } = service;
    const origin = locate(resource, ['spec', 'service']);
    return [{ host, backend, owner: name, fields, storeField, origin }];
  });
  return new Map(
    services
      .map((service) => [backendKey(service), service] as const)
      .toSorted(([a], [b]) => compareText(a, b)),
  );
}
