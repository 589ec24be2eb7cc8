// How each declared Registry is reached from this machine at this moment. Reads manifests only: no
// secret is read and no server asked, so credentials are told by where they stand.
import { scheduleOf } from './artifacts/registries/bandwidth.ts';
import type { BytesPerSecond } from './core/rate.ts';
import type { Manifests, RegistryResource } from './core/resource.ts';
import type { SurveyedRegistry } from './core/surveyed-registry.ts';
import { identify, type SelfNames } from './resolve/host.ts';

type Spec = RegistryResource['spec'];
type Auth = NonNullable<Spec['auth']>;
type Reference = Extract<Spec['proxy'], object>;

/** `now`: milliseconds since the epoch, for bandwidth windows. */
export function declaredRegistries(
  { resources }: Pick<Manifests, 'resources'>,
  self: SelfNames,
  now: number,
): readonly SurveyedRegistry[] {
  const hosts = resources.filter((one) => one.kind === 'Host');
  const identity = identify(hosts, self);
  const machine = identity.ok ? identity.value.self?.spec.bandwidth : undefined;
  return resources
    .filter((one) => one.kind === 'Registry')
    .map(({ metadata, spec }) => ({
      name: metadata.name,
      endpoint: spec.endpoint,
      mirrors: (spec.mirrors ?? []).map((mirror) => {
        const { url, auth } = typeof mirror === 'string' ? { url: mirror } : mirror;
        return { url, auth: authOf(auth) };
      }),
      auth: authOf(spec.auth),
      proxy: proxyOf(spec.proxy),
      caBundle: spec.caBundle ?? null,
      connections: smaller(spec.bandwidth?.connections, machine?.connections),
      bytesPerSecond: Math.min(rateNow(spec.bandwidth, now), rateNow(machine, now)),
    }));
}

const rateNow = (bandwidth: Spec['bandwidth'], now: number): BytesPerSecond =>
  scheduleOf(bandwidth)?.(now) ?? Infinity;

const smaller = (a: number | undefined, b: number | undefined): number | null =>
  a === undefined && b === undefined ? null : Math.min(a ?? Infinity, b ?? Infinity);

function authOf(auth: Auth | undefined): string | null {
  if (auth === undefined) return null;
  if ('token' in auth) return `token from ${place(auth.token)}`;
  return `${auth.username}, password from ${place(auth.password)}`;
}

const proxyOf = (proxy: Spec['proxy']): string | null =>
  proxy === undefined ? null : typeof proxy === 'string' ? proxy : `from ${place(proxy)}`;

const place = (reference: Reference): string =>
  'env' in reference ? `variable ${reference.env}` : `file ${reference.file}`;
