// How a Registry says that it is reached: proxy, authorities, connections at once. Read when the
// first request goes out, once for a run.
import { isAbsolute, join } from 'node:path';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import { resourceLabel } from '../../core/resource.ts';
import type { Http, HttpConnection, Io } from '../../io/io.ts';
import { below, type Place, readSecret } from './secrets.ts';

const caBytesMax = 4 * 1024 * 1024;

/** The same port, over the connection that the Registry declares. `place`: its spec. */
export function connectedHttp(http: Http, place: Place, io: Io): Http {
  const { proxy, caBundle, bandwidth } = place.registry.spec;
  if (proxy === undefined && caBundle === undefined && bandwidth?.connections === undefined) {
    return http;
  }
  let reading: Promise<HttpConnection> | null = null;
  const connection = (): Promise<HttpConnection> => {
    reading ??= readConnection(place, io).catch((error: unknown) => {
      reading = null;
      throw error;
    });
    return reading;
  };
  return {
    request: async (request) => http.request({ ...request, connection: await connection() }),
  };
}

async function readConnection(place: Place, io: Io): Promise<HttpConnection> {
  const { proxy, caBundle, bandwidth } = place.registry.spec;
  return {
    ...(proxy === undefined ? {} : { proxy: await readProxy(proxy, below(place, 'proxy'), io) }),
    ...(caBundle === undefined
      ? {}
      : { ca: await readBundle(caBundle, below(place, 'caBundle'), io) }),
    ...(bandwidth?.connections === undefined ? {} : { connectionsMax: bandwidth.connections }),
  };
}

async function readProxy(
  proxy: NonNullable<Place['registry']['spec']['proxy']>,
  place: Place,
  io: Io,
): Promise<string | null> {
  if (typeof proxy === 'string') return proxy === 'none' ? null : proxy;
  return readSecret(proxy, place, io);
}

async function readBundle(path: string, place: Place, io: Io): Promise<string> {
  const file = absolute(path, place, io);
  const bytes = await io.files.readBytes(file, caBytesMax).catch((error: unknown) => {
    throw unusable(place, `${file} cannot be read`, error);
  });
  const text = new TextDecoder().decode(bytes);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw unusable(place, `${file} holds no certificate in PEM`);
}

/** Relative to the manifest; standard input is meant from where the command runs. */
function absolute(path: string, { registry }: Place, { environment }: Io): string {
  if (path.startsWith('~/')) return join(environment.homeFolder, path.slice(2));
  if (isAbsolute(path)) return path;
  const { file } = registry.origin;
  return isAbsolute(file) ? join(file, '..', path) : join(environment.workingFolder, path);
}

const unusable = (place: Place, why: string, cause?: unknown): ProblemError => {
  const field = place.path.join('.');
  return new ProblemError(
    errorProblem({
      code: 'registry/no-certificates',
      summary: 'The certificates of a Registry cannot be used',
      detail: `\`${field}\` of ${resourceLabel(place.registry)}: ${why}.`,
      remedy:
        'Name a PEM file with the certificate of the authority; a relative path begins at the manifest.',
      origin: place.locate(place.registry, place.path),
      path: field,
      subject: resourceLabel(place.registry),
    }),
    { cause },
  );
};
