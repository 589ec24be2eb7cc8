import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { declaredRoutes } from '../../../src/artifacts/registries/declared.ts';
import { addressOn, authorizationOn, onRoutes } from '../../../src/artifacts/registries/route.ts';
import { errorProblem, ProblemError } from '../../../src/core/problem.ts';
import type { RegistryResource } from '../../../src/core/resource.ts';
import { type Http, HttpError, type HttpRequest } from '../../../src/io/io.ts';
import { createFakeIo } from '../../fakes/io.ts';
import { matching, problemFrom } from '../world.ts';

const endpoint = 'https://models.example';
const mirror = 'https://mirror.example/models';
const { signal } = new AbortController();

type Reply = (request: HttpRequest) => {
  readonly status: number;
  headers?: Record<string, string>;
};

function setUp(spec: Partial<RegistryResource['spec']>, reply: Reply = () => ({ status: 200 })) {
  const requests: HttpRequest[] = [];
  const http: Http = {
    request: async (request) => {
      requests.push(request);
      const { status, headers = {} } = reply(request);
      if (status === 0) throw new HttpError('refused', 'nothing listens there');
      return { status, headers, body: nothing() };
    },
  };
  const io = createFakeIo({ http });
  const registry: RegistryResource = {
    apiVersion: 'modelctl.dev/v1alpha1',
    kind: 'Registry',
    metadata: { name: 'models' },
    spec: { endpoint, ...spec },
    origin: { file: '/home/user/set/models.yaml', line: 1, column: 1 },
  };
  const locate = (one: { readonly origin: RegistryResource['origin'] }) => ({
    ...one.origin,
    line: 7,
  });
  const routes = declaredRoutes({
    manifests: { resources: [registry], locate },
    bandwidth: undefined,
    io,
  });
  const get = (origin = endpoint): Promise<string> =>
    onRoutes(routes(new URL(origin)), signal, async (route) => {
      const url = addressOn(route, 'a/b').href;
      const headers = await authorizationOn(route);
      const { status } = await route.http
        .request({ method: 'GET', url, headers, timeoutMs: 1 })
        .catch(asNoStatus);
      if (status !== 200) throw problem(`${url} answered ${status}.`);
      return url;
    });
  return { io, requests, get };
}

const problem = (detail: string): ProblemError =>
  new ProblemError(errorProblem({ code: 'test/no', summary: 'No', detail }));

function asNoStatus(error: unknown): { readonly status: number } {
  if (error instanceof HttpError) return { status: 0 };
  throw error;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

describe('a registry', () => {
  it.each(['https://docker.io', 'https://index.docker.io/', 'https://registry-1.docker.io'])(
    'of Docker Hub is meant by any of its names (%s)',
    async (named) => {
      const world = setUp({ endpoint: named, mirrors: [mirror] });
      expect(await world.get('https://registry-1.docker.io')).toBe(`${mirror}/a/b`);
    },
  );

  it('is asked after its mirrors, in their order', async () => {
    const status = (url: string): number => (url.startsWith(endpoint) ? 200 : 404);
    const world = setUp({ mirrors: [mirror, { url: 'https://second.example' }] }, ({ url }) => ({
      status: status(url),
    }));
    expect(await world.get()).toBe(`${endpoint}/a/b`);
    expect(world.requests.map(({ url }) => url)).toEqual([
      'https://mirror.example/models/a/b',
      'https://second.example/a/b',
      'https://models.example/a/b',
    ]);
  });

  it('says what each mirror said when nothing helps', async () => {
    const world = setUp({ mirrors: [mirror] }, () => ({ status: 404 }));
    expect(await problemFrom(world.get())).toMatchObject({
      detail: matching(
        /^https:\/\/models\.example\/a\/b answered 404\. Before it, mirror\.example \(/,
      ),
    });
  });

  it('leaves a mirror alone for a while that could not be reached', async () => {
    const world = setUp({ mirrors: [mirror] }, ({ url }) => ({
      status: url.startsWith(endpoint) ? 200 : 0,
    }));
    const asked = () => world.requests.filter(({ url }) => url.startsWith(mirror)).length;
    for (let part = 0; part < 300; part += 1) await world.get();
    expect(asked()).toBe(1);
    await world.io.clock.sleep(61_000);
    await world.get();
    expect(asked()).toBe(2);
  });

  it('sends each place its own credentials only', async () => {
    const world = setUp(
      {
        mirrors: [mirror, { url: 'https://second.example', auth: { token: { env: 'SECOND' } } }],
        auth: { username: 'team', password: { file: '/run/secrets/models' } },
      },
      ({ url }) => ({ status: url.startsWith(endpoint) ? 200 : 403 }),
    );
    world.io.variables['SECOND'] = 'second-token\n';
    await world.io.files.writeAtomic('/run/secrets/models', 'pass word\n');
    await world.get();
    expect(world.requests.map(({ headers }) => headers?.['Authorization'])).toEqual([
      undefined,
      'Bearer second-token',
      `Basic ${Buffer.from('team:pass word').toString('base64')}`,
    ]);
  });

  it('names itself and the field when a secret is not there', async () => {
    const world = setUp({ auth: { token: { env: 'MODELS_TOKEN' } } });
    expect(await problemFrom(world.get())).toMatchObject({
      code: 'registry/no-secret',
      detail:
        '`spec.auth.token` of Registry/models: the variable MODELS_TOKEN holds nothing that can be read.',
      origin: { file: '/home/user/set/models.yaml', line: 7 },
    });
    expect(world.requests).toEqual([]);
  });

  it('does not go around a mirror whose secret is not there', async () => {
    const auth = { token: { env: 'MIRROR_TOKEN' } };
    const world = setUp({ mirrors: [{ url: mirror, auth }] });
    expect(await problemFrom(world.get())).toMatchObject({ path: 'spec.mirrors.0.auth.token' });
  });

  it('is reached over its proxy, trusting its authority, with so many connections', async () => {
    const world = setUp({
      proxy: { env: 'MODEL_PROXY' },
      caBundle: './ca.pem',
      bandwidth: { connections: 4 },
    });
    world.io.variables['MODEL_PROXY'] = 'http://user:pw@proxy.example:3128';
    const ca = '-----BEGIN CERTIFICATE-----\n';
    await world.io.files.writeAtomic('/home/user/set/ca.pem', ca);
    await world.get();
    await world.get('https://elsewhere.example');
    expect(world.requests.map(({ connection }) => connection)).toEqual([
      { proxy: 'http://user:pw@proxy.example:3128', ca, connectionsMax: 4 },
      undefined,
    ]);
  });

  it('tells of a bundle that is none', async () => {
    const world = setUp({ caBundle: 'ca.pem' });
    expect(await problemFrom(world.get())).toMatchObject({
      code: 'registry/no-certificates',
      detail: matching(join('/home/user/set', 'ca.pem')),
      path: 'spec.caBundle',
    });
  });
});

describe('a server that asks to come back', () => {
  it.each([
    ['in seconds', 429, { 'retry-after': '40' }, 40_000],
    ['at a date', 503, { 'retry-after': 'Tue, 01 Jan 2030 00:00:30 GMT' }, 30_000],
    ['as hubs do', 429, { ratelimit: '"api";r=0;t=55' }, 55_000],
  ])('%s is asked again then', async (_, status, headers, waitMs) => {
    let asked = 0;
    const world = setUp({}, () => {
      asked += 1;
      return asked === 1 ? { status, headers } : { status: 200 };
    });
    const before = world.io.clock.now();
    await world.get();
    expect(world.io.clock.now() - before).toBe(waitMs);
  });

  it.each([
    ['late', { 'retry-after': '3600' }, 1],
    ['without saying when', {}, 1],
    ['again and again', { 'retry-after': '1' }, 4],
  ])('%s is not waited for', async (_, headers, requests) => {
    const world = setUp({}, () => ({ status: 429, headers }));
    await problemFrom(world.get());
    expect(world.requests).toHaveLength(requests);
  });
});
