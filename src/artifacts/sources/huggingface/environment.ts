// What the environment says about the Hub, read as huggingface_hub reads it: the endpoint, whether
// to stay offline, how long to wait, and the token. The token is a secret: sent, never printed.
import { posix, win32 } from 'node:path';
import { isLoopback } from '../../../core/loopback.ts';
import {
  type Checked,
  checked,
  errorProblem,
  type Problem,
  ProblemError,
  refused,
} from '../../../core/problem.ts';
import type { Environment, Io } from '../../../io/io.ts';
import { bodyIdleTimeoutMs, headersTimeoutMs } from '../../http/open-range.ts';

export interface HubSettings {
  readonly endpoint: URL;
  readonly questionTimeoutMs: number;
  readonly downloadTimeoutMs: number;
  readonly downloadIdleTimeoutMs: number;
}

const tokenFileBytesMax = 64 * 1024;
const timeoutSecondsMax = 3_600;

/** Refused where the endpoint cannot be one, and where a variable says to stay offline. */
export function hubSettings(environment: Environment, what: string): Checked<HubSettings> {
  const offline = ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'].find((name) =>
    isTrue(environment.get(name)),
  );
  if (offline !== undefined) return refused(stayOffline(offline, what));
  const text = environment.get('HF_ENDPOINT')?.trim() || 'https://huggingface.co';
  const endpoint = URL.parse(text);
  if (endpoint === null || !isEndpoint(endpoint)) return refused(badEndpoint);
  const questionMs = secondsIn(environment, 'HF_HUB_ETAG_TIMEOUT');
  const downloadMs = secondsIn(environment, 'HF_HUB_DOWNLOAD_TIMEOUT');
  return checked({
    endpoint,
    questionTimeoutMs: questionMs ?? headersTimeoutMs,
    downloadTimeoutMs: downloadMs ?? headersTimeoutMs,
    downloadIdleTimeoutMs: downloadMs ?? bodyIdleTimeoutMs,
  });
}

/**
 * Null when there is none, or none may be sent unasked. Throws ProblemError for one that cannot be
 * a token, or a file that cannot be read.
 */
export async function hubToken({ environment, files }: Io): Promise<string | null> {
  if (isTrue(environment.get('HF_HUB_DISABLE_IMPLICIT_TOKEN'))) return null;
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const token = clean(environment.get(name) ?? '', name);
    if (token !== null) return token;
  }
  const path = tokenPath(environment);
  try {
    if ((await files.stat(path))?.kind !== 'file') return null;
    const text = Buffer.from(await files.readBytes(path, tokenFileBytesMax)).toString('utf8');
    return clean(text, path);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(unreadable(path), { cause: error });
  }
}

function tokenPath(environment: Environment): string {
  const given = environment.get('HF_TOKEN_PATH');
  if (given !== undefined && given !== '') return expanded(given, environment);
  return pathsOf(environment).join(hubHome(environment), 'token');
}

/** Where the Hub's own tools keep what is theirs: HF_HOME, else below the user's cache. */
export function hubHome(environment: Environment): string {
  const paths = pathsOf(environment);
  const given = environment.get('HF_HOME');
  if (given !== undefined && given !== '') return expanded(given, environment);
  const cache = environment.get('XDG_CACHE_HOME') || paths.join(environment.homeFolder, '.cache');
  return paths.join(expanded(cache, environment), 'huggingface');
}

/** `$VAR`, `${VAR}` and a leading `~`, as Python expands them; what is not set stays as it is. */
function expanded(path: string, environment: Environment): string {
  const filled = path.replace(
    /\$(?:(\w+)|\{(\w+)\})/g,
    (text, bare: string | undefined, braced: string | undefined) =>
      environment.get(bare ?? braced ?? '') ?? text,
  );
  const home = filled.replace(/^~(?=$|[\\/])/, () => environment.homeFolder);
  return pathsOf(environment).resolve(environment.workingFolder, home);
}

const pathsOf = ({ platform }: Environment) => (platform === 'win32' ? win32 : posix);

const isTrue = (text: string | undefined): boolean => /^(1|on|yes|true)$/i.test(text ?? '');

function secondsIn(environment: Environment, name: string): number | null {
  const text = environment.get(name)?.trim() ?? '';
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) return null;
  return Math.min(Number(text), timeoutSecondsMax) * 1_000;
}

/** `from` is where it was found: a variable or a file. */
function clean(text: string, from: string): string | null {
  const token = text.replaceAll(/[\r\n]/g, '').trim();
  if (token === '') return null;
  if (/^[\u0021-\u007e]{1,4096}$/.test(token)) return token;
  throw new ProblemError(
    errorProblem({
      code: 'source/invalid-token',
      summary: 'A token cannot be one',
      detail: `What ${from} holds has blanks or other characters in it that no token has.`,
      remedy: 'Copy the token again from https://huggingface.co/settings/tokens.',
    }),
  );
}

const isEndpoint = (url: URL): boolean =>
  url.username === '' &&
  url.password === '' &&
  url.search === '' &&
  url.hash === '' &&
  (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)));

const badEndpoint: Problem = errorProblem({
  code: 'source/invalid-endpoint',
  summary: 'The address of the Hugging Face Hub cannot be used',
  detail:
    'HF_ENDPOINT must be an https address without user name, query and fragment; plain http is for this machine only.',
  remedy: 'Correct the variable, or unset it for https://huggingface.co.',
});

const stayOffline = (variable: string, what: string): Problem =>
  errorProblem({
    code: 'source/offline',
    summary: 'A source may not be asked',
    detail: `${variable} says to stay offline, so the Hub is not asked for ${what}.`,
    remedy: `Unset ${variable} to ask it. What the lock pins and a store already holds needs no network.`,
  });

const unreadable = (path: string): Problem =>
  errorProblem({
    code: 'source/invalid-token',
    summary: 'A token cannot be read',
    detail: `The file ${path} is there and could not be read.`,
    remedy: 'Give this user the right to read it, or set HF_TOKEN.',
  });
