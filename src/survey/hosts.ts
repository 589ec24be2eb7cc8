// Which machines there are, and which of them this is. Pure.
import type { Resource } from '../core/resource.ts';
import type { SurveyedHost } from '../core/surveyed.ts';
import type { Environment } from '../io/io.ts';
import { identify, localHost } from '../resolve/host.ts';

/** `named` as --host has it; MODELCTL_HOST and the hostname come after it. */
export function hostsOf(
  resources: readonly Resource[],
  named: string | undefined,
  environment: Pick<Environment, 'get' | 'hostname'>,
): readonly SurveyedHost[] {
  const declared = resources.filter((resource) => resource.kind === 'Host');
  const { hostname } = environment;
  if (declared.length === 0) {
    return [{ name: localHost, isThisMachine: true, hostnames: [hostname], labels: {} }];
  }
  const fromEnvironment = environment.get('MODELCTL_HOST');
  const name = named ?? (fromEnvironment === '' ? undefined : fromEnvironment);
  const identity = identify(declared, { named: name, hostname });
  const self = identity.ok ? identity.value.self : null;
  return declared.map((host) => ({
    name: host.metadata.name,
    isThisMachine: host === self,
    hostnames: host.spec.hostnames ?? [host.metadata.name],
    labels: { ...host.metadata.labels, ...host.spec.labels },
  }));
}
