// One life of the engine's process, from its start to its end. It leads a group of its own, so that
// whatever it starts ends with it, and writes into its log itself, so that it lives on, and can be
// found, when its supervisor is killed.
import { open } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { errorCode } from '../io/error-code.ts';
import type { Io } from '../io/io.ts';
import { isRunning } from '../io/is-running.ts';
import { readSecret } from '../io/secret.ts';
import type { EngineSettings, Mark } from './protocol.ts';

export interface EngineLife {
  readonly mark: Mark;
  /** How it ended: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;
}

/** Null and why, where it could not be started at all. */
export type Started = EngineLife | { readonly mark: null; readonly why: string };

const pollMs = 250;
/** For requests under way, and for what it started itself. */
const graceMs = 10_000;
/** For those of its group that it left behind. */
const leftBehindMs = 2_000;

export async function startEngine(
  settings: EngineSettings,
  { folder, logFile }: { readonly folder: string; readonly logFile: string },
  io: Io,
): Promise<Started> {
  const environment = await environmentFor(settings, io);
  if (typeof environment === 'string') return { mark: null, why: environment };
  // The file itself, not a pipe: the engine goes on writing when nobody is there to read.
  const log = await open(logFile, 'a', 0o600);
  const output = log.createWriteStream();
  try {
    const child = execa(settings.program, settings.arguments, {
      detached: true,
      cleanup: false,
      reject: false,
      buffer: false,
      extendEnv: false,
      env: environment,
      cwd: folder,
      stdin: 'ignore',
      stdout: output,
      stderr: output,
    });
    if (child.pid === undefined) {
      const { cause, originalMessage } = await child;
      const code = errorCode(cause) ?? originalMessage ?? 'unknown reason';
      return { mark: null, why: `${settings.program} cannot be started (${code})` };
    }
    const mark = { pid: child.pid, start: await io.processes.startOf(child.pid) };
    const ended = child.then(({ exitCode, signal }) =>
      signal === undefined ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`,
    );
    return { mark, ended };
  } finally {
    output.destroy();
  }
}

/** One that a killed supervisor left behind. How it ends can only be seen, not asked. */
export function adoptEngine(mark: Mark, { processes }: Pick<Io, 'processes'>): EngineLife {
  const watch = async (): Promise<string> => {
    while (await isRunning(processes, mark)) await sleep(pollMs);
    return 'an end that nobody saw';
  };
  return { mark, ended: watch() };
}

/** The whole group, gently and then not. It is gone when this resolves. */
export async function stopEngine(mark: Mark, { processes }: Pick<Io, 'processes'>): Promise<void> {
  processes.signal(mark.pid, 'SIGTERM', 'group');
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline && (await isRunning(processes, mark))) await sleep(pollMs / 5);
  await endGroup(mark, { processes });
}

/** What the engine started and did not end itself would keep its port and its memory. */
export async function endGroup({ pid }: Mark, { processes }: Pick<Io, 'processes'>): Promise<void> {
  const deadline = Date.now() + leftBehindMs;
  while (groupExists(pid) && Date.now() < deadline && !processes.isAlive(pid)) {
    processes.signal(pid, 'SIGTERM', 'group');
    await sleep(pollMs / 5);
  }
  processes.signal(pid, 'SIGKILL', 'group');
}

function groupExists(leader: number): boolean {
  try {
    return process.kill(-leader, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** What a shell happens to have set for the engine is no part of what was declared. */
const notInherited = /^(OLLAMA|LLAMA_ARG|MODELCTL)_/;

/** A text says what is missing. */
async function environmentFor(
  { environment }: EngineSettings,
  io: Io,
): Promise<Record<string, string> | string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !notInherited.test(name)) variables[name] = value;
  }
  for (const [name, value] of Object.entries(environment)) {
    if (typeof value === 'string') {
      variables[name] = value;
      continue;
    }
    const secret = await readSecret(value, io);
    if (secret === null) return `the secret for ${name} cannot be read`;
    variables[name] = secret;
  }
  return variables;
}
