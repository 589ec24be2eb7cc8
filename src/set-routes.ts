// How the sources of a set are reached from this machine: as its Registries and this machine's own
// Host declare it. For everything that asks sources, whether or not it has to do with engines.
import { declaredRoutes } from './artifacts/registries/declared.ts';
import type { Routes } from './artifacts/registries/route.ts';
import type { Manifests } from './core/resource.ts';
import type { Io } from './io/io.ts';
import { identify, type SelfNames } from './resolve/host.ts';

export function setRoutes(
  {
    manifests,
    self,
    rateLimit,
  }: {
    readonly manifests: Manifests;
    readonly self: SelfNames;
    /** Bytes a second for the machine as a whole, in the place of what its Host declares. */
    readonly rateLimit?: number | undefined;
  },
  io: Io,
): Routes {
  const hosts = manifests.resources.filter((one) => one.kind === 'Host');
  const identity = identify(hosts, self);
  const host = identity.ok ? identity.value.self : null;
  return declaredRoutes({
    manifests,
    bandwidth: host?.spec.bandwidth,
    io,
    ...(rateLimit === undefined ? {} : { limit: rateLimit }),
  });
}

/** Which Host this machine says it is: told, else by its variable, else by its own name. */
export function selfNames(
  host: string | undefined,
  { environment }: Pick<Io, 'environment'>,
): SelfNames {
  const named = host ?? environment.get('MODELCTL_HOST');
  return { named: named === '' ? undefined : named, hostname: environment.hostname };
}
