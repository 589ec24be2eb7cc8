// The credentials that `docker login`, oras and the like leave behind: config.json in the folder
// that DOCKER_CONFIG names, else in ~/.docker; and what it leaves to helpers, who are asked.
import { posix } from 'node:path';
import { isDockerHub } from '../../core/docker-hub.ts';
import { isObject, parseObject } from '../../core/json-object.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { Io } from '../../io/io.ts';
import { askHelper } from './credential-helper.ts';
import {
  type Known,
  type LookUp,
  type RegistryCredentials,
  wrongCredentials,
} from './credentials.ts';

const configBytesMax = 1024 * 1024;

/** What docker files its own registry under, whichever of its names was logged in to. */
const dockerHubAddress = 'https://index.docker.io/v1/';

/**
 * `host` is the one that asks, with its port: a mirror is not told who one is to the registry that
 * it stands in for. Throws ProblemError for a file that cannot be read.
 */
export const dockerCredentials =
  (host: string, io: Pick<Io, 'files' | 'environment' | 'processes'>): LookUp =>
  async (signal) => {
    const { files, environment } = io;
    const folder = environment.get('DOCKER_CONFIG') || homeConfig(environment);
    if (folder === null) return nobody(host);
    const path = posix.join(folder, 'config.json');
    const bytes = await read(path, files);
    if (bytes === null) return nobody(host);
    const config = parseObject(Buffer.from(bytes).toString('utf8'));
    if (config === null) throw unreadable(path, 'it is not JSON');
    return knownFrom({ config, host, path, signal }, io.processes);
  };

interface Configuration {
  readonly config: Readonly<Record<string, unknown>>;
  readonly host: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

/** A helper for the registry alone comes first, one for all registries after what the file holds. */
async function knownFrom(
  { config, host, path, signal }: Configuration,
  processes: Io['processes'],
): Promise<Known> {
  const find = finderIn(config, host);
  const own = find('credHelpers');
  const credentials = isText(own) ? null : credentialsIn(find('auths'));
  if (credentials !== null) {
    const about = `The credentials are those in ${path}.`;
    return { credentials, about, remedy: wrongCredentials };
  }
  const helper = isText(own) ? own : config['credsStore'];
  if (!isText(helper)) return nobody(host);
  const address = isDockerHub(host) ? dockerHubAddress : host;
  return (await askHelper({ helper, address, path, signal }, processes)) ?? nobody(host);
}

const nobody = (host: string): Known => ({
  credentials: null,
  about: 'modelctl asked without credentials: none are declared, and docker has none for it.',
  remedy: `Check the name. If it is private, log in:\n\n    docker login${isDockerHub(host) ? '' : ` ${host}`}`,
});

/** Null where the system knows no home, in containers that run under an arbitrary user. */
function homeConfig(environment: Io['environment']): string | null {
  try {
    return posix.join(environment.homeFolder, '.docker');
  } catch (error) {
    if (error instanceof ProblemError) return null;
    throw error;
  }
}

async function read(path: string, files: Io['files']): Promise<Uint8Array | null> {
  try {
    return (await files.stat(path)) === null ? null : await files.readBytes(path, configBytesMax);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    throw unreadable(path, `the system says ${code}`);
  }
}

type Find = (field: string) => unknown;

/** What a field of the configuration has for the host, under any of its names. */
const finderIn =
  (config: Readonly<Record<string, unknown>>, host: string): Find =>
  (field) =>
    Object.entries(isObject(config[field]) ? config[field] : {}).find(([key]) => {
      const named = hostOf(key);
      return named === host || (isDockerHub(named) && isDockerHub(host));
    })?.[1];

/** Keys are hosts, or addresses as old versions of docker wrote them. */
const hostOf = (key: string): string =>
  key
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/, '')
    .toLowerCase();

function credentialsIn(entry: unknown): RegistryCredentials | null {
  if (!isObject(entry)) return null;
  const { auth, identitytoken, registrytoken } = entry;
  if (isText(registrytoken)) return { kind: 'bearer', token: registrytoken };
  if (isText(identitytoken)) return { kind: 'refresh', token: identitytoken };
  const [username, password] = isText(auth)
    ? splitAtColon(Buffer.from(auth, 'base64').toString('utf8'))
    : [entry['username'], entry['password']];
  return isText(username) && isText(password) ? { kind: 'basic', username, password } : null;
}

function splitAtColon(text: string): readonly [string, string] {
  const at = text.indexOf(':');
  // Docker pads with NUL.
  return at < 0 ? ['', ''] : [text.slice(0, at), text.slice(at + 1).replace(/\u0000+$/, '')];
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const unreadable = (path: string, why: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'source/credentials',
      summary: 'The credentials for a source cannot be read',
      detail: `A registry asks who modelctl is, and ${path} cannot be read: ${why}.`,
      remedy: 'Correct the file, or name the folder of another one in DOCKER_CONFIG.',
    }),
  );
