// Who am I? Which declared Host this machine is, and where a target points. Pure. A machine that
// matches none of the declared Hosts is an incomplete render: nothing acts on it.
import { didYouMean } from '../core/did-you-mean.ts';
import { type Checked, checked, errorProblem, refused } from '../core/problem.ts';
import type { HardwareTargetResource, HostResource } from '../core/resource.ts';

/** A machine's own ledger calls its own host this, so that declaring a Host renames nothing. */
export const localHost = 'local';

export interface Identity {
  /** The declared Host that this machine is; null when none are declared. */
  readonly self: HostResource | null;
  readonly hosts: readonly HostResource[];
}

export interface SelfNames {
  /** `--host` or MODELCTL_HOST: must name a declared Host. */
  readonly named: string | undefined;
  readonly hostname: string;
}

export function identify(hosts: readonly HostResource[], names: SelfNames): Checked<Identity> {
  if (names.named !== undefined) return identifyNamed(hosts, names.named);
  if (hosts.length === 0) return checked({ self: null, hosts });
  // With its domain a hostname says more: another domain may have a machine of the same short name.
  const own = names.hostname.toLowerCase();
  const [short = own] = own.split('.');
  const exactly = hosts.filter((host) => namesOf(host).includes(own));
  const matching =
    exactly.length > 0 ? exactly : hosts.filter((host) => namesOf(host).includes(short));
  const [self, ...others] = matching;
  if (self !== undefined && others.length === 0) return checked({ self, hosts });
  const which =
    self === undefined
      ? {
          summary: 'This machine is none of the declared Hosts',
          are: `declared are ${listed(hosts)}`,
        }
      : {
          summary: 'This machine is several of the declared Hosts',
          are: `that is ${listed(matching)}`,
        };
  return refused(
    errorProblem({
      code: 'resolve/unknown-host',
      summary: which.summary,
      detail: `Its hostname is ${names.hostname}; ${which.are}. Nothing is done.`,
      remedy:
        'Correct the `hostnames` of its Host, or say which it is:\n\n    modelctl apply --host NAME',
    }),
  );
}

function identifyNamed(hosts: readonly HostResource[], named: string): Checked<Identity> {
  const self = hosts.find((host) => host.metadata.name === named);
  if (self !== undefined) return checked({ self, hosts });
  const meant = didYouMean(
    named,
    hosts.map((host) => host.metadata.name),
  );
  return refused(
    errorProblem({
      code: 'resolve/unknown-host',
      summary: 'There is no such Host',
      detail: `No Host is called ${named}.${meant === null ? '' : ` Did you mean ${meant}?`}`,
      remedy:
        hosts.length === 0 ? 'Declare it, or leave --host out.' : `Declared are ${listed(hosts)}.`,
    }),
  );
}

const namesOf = ({ metadata, spec }: HostResource): readonly string[] =>
  [metadata.name, ...(spec.hostnames ?? [])].map((one) => one.toLowerCase());

const listed = (hosts: readonly HostResource[]): string =>
  hosts
    .map((host) => host.metadata.name)
    .toSorted()
    .join(', ');

/** Whether a target means this host. */
export function selects(target: HardwareTargetResource, host: HostResource): boolean {
  const labels = { ...host.metadata.labels, ...host.spec.labels };
  return Object.entries(target.spec.selector.matchLabels).every(
    ([key, value]) => labels[key] === value,
  );
}
