// From the Registries of a set to routes: mirrors in their order, then the endpoint itself, each with
// its credentials, over the declared connection and bandwidth. What is shared by all connections
// of a run (buckets, which mirror is down) lives as long as these routes.
import { spokenOrigin } from '../../core/docker-hub.ts';
import type { BytesPerSecond } from '../../core/rate.ts';
import type { Manifests, RegistryResource } from '../../core/resource.ts';
import { type Http, HttpError, type Io } from '../../io/io.ts';
import { type Bandwidth, scheduleOf } from './bandwidth.ts';
import { connectedHttp } from './connection.ts';
import { createPace, type Pace, pacedHttp } from './pace.ts';
import { politeHttp } from './polite-http.ts';
import type { Credentials, Route, Routes } from './route.ts';
import { type Place, readCredentials } from './secrets.ts';

/** How long a mirror that could not be reached is left alone. */
const downMs = 60_000;

type Auth = NonNullable<RegistryResource['spec']['auth']>;

export interface DeclaredRoutes {
  readonly manifests: Pick<Manifests, 'resources' | 'locate'>;
  /** Of this machine, for all registries together. */
  readonly bandwidth: Bandwidth | undefined;
  /** For this run, in the place of the machine's. */
  readonly limit?: BytesPerSecond;
  readonly io: Io;
}

/** Routes to anywhere: what no Registry speaks of is reached directly. */
export function declaredRoutes({ manifests, bandwidth, limit, io }: DeclaredRoutes): Routes {
  const machine = paceOf(limit === undefined ? scheduleOf(bandwidth) : constant(limit), io);
  const web = limitedConnections(io.web, limit === undefined ? bandwidth?.connections : undefined);
  const registries = manifests.resources.filter((one) => one.kind === 'Registry');
  const byOrigin = new Map(
    registries.map((registry) => {
      const place: Place = { registry, path: ['spec'], locate: manifests.locate };
      return [
        spokenOrigin(new URL(registry.spec.endpoint)),
        registryRoutes(place, { machine, web, io }),
      ];
    }),
  );
  const plain = politeHttp(pacedHttp(web, machine), io.clock);
  return (origin) =>
    byOrigin.get(spokenOrigin(origin))?.(origin) ?? [
      { base: origin, http: plain, credentials: async () => null },
    ];
}

interface Shared {
  readonly machine: readonly Pace[];
  readonly web: Http;
  readonly io: Io;
}

/** Made once for each Registry. */
function registryRoutes(place: Place, { machine, web, io }: Shared): Routes {
  const { spec } = place.registry;
  const own = paceOf(scheduleOf(spec.bandwidth), io);
  const paced = pacedHttp(connectedHttp(web, place, io), [...own, ...machine]);
  const http = politeHttp(paced, io.clock);
  const connections =
    spec.bandwidth?.connections === undefined ? {} : { connectionsMax: spec.bandwidth.connections };
  const mirrors = (spec.mirrors ?? []).map((mirror, index): Route => {
    const { url, auth } = typeof mirror === 'string' ? { url: mirror } : mirror;
    const at = { ...place, path: [...place.path, 'mirrors', index, 'auth'] };
    return {
      base: new URL(url),
      ...connections,
      credentials: credentialsOf(auth, at, io),
      ...watched(http, io),
    };
  });
  const credentials = credentialsOf(spec.auth, { ...place, path: [...place.path, 'auth'] }, io);
  // What was asked of it may have a path of its own.
  return (origin) => [...mirrors, { base: origin, http, ...connections, credentials }];
}

function credentialsOf(auth: Auth | undefined, place: Place, io: Io): Route['credentials'] {
  if (auth === undefined) return async () => null;
  let reading: Promise<Credentials> | null = null;
  return () => {
    reading ??= readCredentials(auth, place, io).catch((error: unknown) => {
      reading = null;
      throw error;
    });
    return reading;
  };
}

/** Remembers for a while that nobody answered, so that each part of a file does not wait for it. */
function watched(http: Http, io: Io): Pick<Route, 'http' | 'isDown'> {
  let downUntil = -Infinity;
  return {
    isDown: () => io.clock.now() < downUntil,
    http: {
      request: async (request) => {
        try {
          return await http.request(request);
        } catch (error) {
          const isDown = error instanceof HttpError && error.reason !== 'cut';
          if (isDown) downUntil = io.clock.now() + downMs;
          throw error;
        }
      },
    },
  };
}

const paceOf = (schedule: ReturnType<typeof scheduleOf>, { clock }: Io): readonly Pace[] =>
  schedule === null ? [] : [createPace(schedule, clock)];

const constant = (rate: BytesPerSecond) => (rate === Infinity ? null : () => rate);

const limitedConnections = (http: Http, connectionsMax: number | undefined): Http =>
  connectionsMax === undefined
    ? http
    : {
        request: (request) =>
          http.request({ ...request, connection: { connectionsMax, ...request.connection } }),
      };
