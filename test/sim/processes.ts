// Real runs of the real program: started, waited for, or killed with a signal that no handler sees.
// What can be seen of a run from outside are its signs: requests that reach a server, lines that it
// prints. They say how far it is, however fast the machine happens to be.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Command {
  readonly folder: string;
  readonly home: string;
  /** Address for OLLAMA_HOST. */
  readonly ollama: string;
  readonly arguments: readonly string[];
  /** Beside what every run has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Requests that it makes. */
  readonly requests: Signs;
}

export interface Ended {
  /** Null when it was killed before it ended by itself. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  readonly signs: number;
}

/** When a run is killed: so long after so many signs of it; after 0 signs is its start. */
export interface Moment {
  readonly signs: number;
  readonly afterMs: number;
}

/** Tells whoever listens of each request, before it is answered. */
export interface Signs {
  readonly tell: () => void;
  readonly listen: (hear: () => void) => void;
}

export function createSigns(): Signs {
  let hear: () => void = () => undefined;
  return {
    tell: () => hear(),
    listen: (next) => {
      hear = next;
    },
  };
}

const runTimeoutMs = 60_000;

export async function runCommand(command: Command, moment: Moment | null = null): Promise<Ended> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [program, ...command.arguments], {
    cwd: command.folder,
    env: {
      PATH: process.env['PATH'],
      HOME: command.home,
      MODELCTL_HOME: command.home,
      OLLAMA_HOST: command.ollama,
      NO_COLOR: '1',
      ...command.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: runTimeoutMs,
    killSignal: 'SIGKILL',
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  let timer: NodeJS.Timeout | undefined;
  let signs = 0;
  const see = (more: number): void => {
    const isNow = moment !== null && signs < moment.signs && moment.signs <= signs + more;
    signs += more;
    if (!isNow) return;
    if (moment.afterMs === 0) kill();
    else timer = setTimeout(kill, moment.afterMs);
  };
  if (moment?.signs === 0) timer = setTimeout(kill, moment.afterMs);
  command.requests.listen(() => see(1));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const text = chunk.toString('utf8');
    stdout += text;
    see(text.split('\n').length - 1);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  await once(child, 'close');
  clearTimeout(timer);
  command.requests.listen(() => undefined);
  return { code: child.exitCode, stdout, stderr, durationMs: performance.now() - startedAt, signs };
}
