// The programs that docker leaves credentials to: `docker-credential-<name> get` reads the address of a
// registry and answers with JSON. What one answers is a secret, and is repeated nowhere, not even when
// it makes no sense. A helper that has nothing, or is not there, leaves us nobody: a registry that lets
// anyone in is read all the same, and one that does not is told of with the reason.
import { parseObject } from '../../core/json-object.ts';
import type { Processes, ProgramAnswer } from '../../io/io.ts';
import { type Known, type RegistryCredentials, wrongCredentials } from './credentials.ts';

/** Keychains may ask a person first. */
const answerMsMax = 60_000;
const answerCharactersMax = 64 * 1024;

/** It becomes the name of a program, so it may not lead anywhere else. */
const helperName = /^[A-Za-z0-9._-]{1,64}$/;

export interface HelperRequest {
  /** As configured: `desktop`, `pass`, `ecr-login`. */
  readonly helper: string;
  /** What docker files the credentials of the registry under. */
  readonly address: string;
  /** The file that names the helper, for messages. */
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Null where it has none for the registry, so that nobody is to blame. */
export async function askHelper(
  { helper, address, path, signal }: HelperRequest,
  { ask }: Pick<Processes, 'ask'>,
): Promise<Known | null> {
  if (!helperName.test(helper)) {
    return without(`${path} names a credential helper that cannot be the name of a program.`, path);
  }
  const program = `docker-credential-${helper}`;
  const told = await ask({
    program,
    arguments: ['get'],
    input: address,
    timeoutMs: answerMsMax,
    answerCharactersMax,
    signal,
  });
  const about = `${path} leaves the credentials to ${program}, which`;
  if (told.kind !== 'ended') return without(`${about} ${unanswered[told.kind]}.`, path);
  if (told.exitCode !== 0) {
    // The words that all helpers share, by the library of docker that they are made with.
    if (/credentials not found/i.test(told.answer)) return null;
    return without(`${about} failed with exit code ${told.exitCode ?? 'none'}.`, path);
  }
  const said = parseObject(told.answer);
  const credentials = said === null ? null : credentialsIn(said);
  if (credentials === null) return without(`${about} answered with something else.`, path);
  return {
    credentials,
    about: `The credentials are those of ${program}.`,
    remedy: wrongCredentials,
  };
}

const unanswered: Readonly<Record<Exclude<ProgramAnswer['kind'], 'ended'>, string>> = {
  missing: 'is not on the PATH',
  silent: `has not answered within ${answerMsMax / 1000} seconds`,
  endless: 'answered with too much',
};

function credentialsIn(said: Readonly<Record<string, unknown>>): RegistryCredentials | null {
  const { Username: username, Secret: secret } = said;
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return null;
  // How docker has a helper keep an identity token.
  if (username === '<token>') return { kind: 'refresh', token: secret };
  return username === '' ? null : { kind: 'basic', username, password: secret };
}

const without = (about: string, path: string): Known => ({
  credentials: null,
  about,
  remedy: `Check the name. If it is private, make the helper work, or declare the credentials in a Registry, or change ${path}.`,
});
