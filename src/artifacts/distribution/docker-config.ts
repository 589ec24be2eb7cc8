// The credentials that `docker login`, oras and the like leave behind: config.json in the folder
// that DOCKER_CONFIG names, else in ~/.docker. What a credential helper keeps is not fetched: that
// would mean running a program that a file names. It is said instead.
import { posix } from 'node:path';
import { isObject, parseObject } from '../../core/json-object.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { Io } from '../../io/io.ts';
import {
  type Known,
  type LookUp,
  type RegistryCredentials,
  wrongCredentials,
} from './credentials.ts';

const configBytesMax = 1024 * 1024;

/** Docker files its own registry under names that are not those of the host that it asks. */
const dockerHub = { host: 'registry-1.docker.io', names: ['index.docker.io', 'docker.io'] };

/**
 * `host` is the one that asks, with its port: a mirror is not told who one is to the registry that
 * it stands in for. Throws ProblemError for a file that cannot be read.
 */
export const dockerCredentials =
  (host: string, { files, environment }: Pick<Io, 'files' | 'environment'>): LookUp =>
  async () => {
    const folder = environment.get('DOCKER_CONFIG') || homeConfig(environment);
    if (folder === null) return nobody(host);
    const path = posix.join(folder, 'config.json');
    const bytes = await read(path, files);
    if (bytes === null) return nobody(host);
    const config = parseObject(Buffer.from(bytes).toString('utf8'));
    if (config === null) throw unreadable(path, 'it is not JSON');
    return knownFrom(config, host, path);
  };

const nobody = (host: string): Known => ({
  credentials: null,
  about: 'modelctl asked without credentials: none are declared, and docker has none for it.',
  remedy: `Check the name. If it is private, log in:\n\n    docker login${host === dockerHub.host ? '' : ` ${host}`}`,
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

function knownFrom(config: Readonly<Record<string, unknown>>, host: string, path: string): Known {
  const names = host === dockerHub.host ? [host, ...dockerHub.names] : [host];
  const find = (field: string): unknown =>
    Object.entries(isObject(config[field]) ? config[field] : {}).find(([key]) =>
      names.includes(hostOf(key)),
    )?.[1];
  const entry = find('auths');
  const credentials = isObject(entry) ? credentialsIn(entry) : null;
  if (credentials !== null) {
    const about = `The credentials are those in ${path}.`;
    return { credentials, about, remedy: wrongCredentials };
  }
  const helper = find('credHelpers') ?? (entry === undefined ? undefined : config['credsStore']);
  if (typeof helper !== 'string' || helper === '') return nobody(host);
  return {
    credentials: null,
    about: `${path} leaves them to the helper ${JSON.stringify(helper.slice(0, 64))}, which modelctl does not run.`,
    remedy:
      'Check the name, or declare the credentials for the registry, or let the file hold them itself.',
  };
}

/** Keys are hosts, or addresses as old versions of docker wrote them. */
const hostOf = (key: string): string =>
  key
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/, '')
    .toLowerCase();

function credentialsIn(entry: Readonly<Record<string, unknown>>): RegistryCredentials | null {
  const { auth, identitytoken, registrytoken } = entry;
  if (isSecret(registrytoken)) return { kind: 'bearer', token: registrytoken };
  if (isSecret(identitytoken)) return { kind: 'refresh', token: identitytoken };
  const [username, password] = isSecret(auth)
    ? splitAtColon(Buffer.from(auth, 'base64').toString('utf8'))
    : [entry['username'], entry['password']];
  return isSecret(username) && isSecret(password) ? { kind: 'basic', username, password } : null;
}

function splitAtColon(text: string): readonly [string, string] {
  const at = text.indexOf(':');
  // Docker pads with NUL.
  return at < 0 ? ['', ''] : [text.slice(0, at), text.slice(at + 1).replace(/\u0000+$/, '')];
}

const isSecret = (value: unknown): value is string => typeof value === 'string' && value !== '';

const unreadable = (path: string, why: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'source/credentials',
      summary: 'The credentials for a source cannot be read',
      detail: `A registry asks who modelctl is, and ${path} cannot be read: ${why}.`,
      remedy: 'Correct the file, or name the folder of another one in DOCKER_CONFIG.',
    }),
  );
