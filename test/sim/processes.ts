// Real runs of the real program: started, waited for, or killed with a signal that no handler sees.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Command {
  readonly folder: string;
  readonly home: string;
  /** Address for OLLAMA_HOST. */
  readonly ollama: string;
  readonly arguments: readonly string[];
}

export interface Ended {
  /** Null when it was killed before it ended by itself. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** When a run is killed: so long after it began, or after `from` says that it has begun to act. */
export interface Moment {
  readonly from: 'start' | (() => boolean);
  readonly afterMs: number;
}

const runTimeoutMs = 60_000;
const lookMs = 2;

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
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: runTimeoutMs,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  const closed = once(child, 'exit');
  if (moment !== null) void killAt(moment, child);
  await closed;
  return { code: child.exitCode, stdout, stderr, durationMs: performance.now() - startedAt };
}

async function killAt(moment: Moment, child: ReturnType<typeof spawn>): Promise<void> {
  while (moment.from !== 'start' && !moment.from()) {
    if (child.exitCode !== null) return;
    await wait(lookMs);
  }
  await wait(moment.afterMs);
  child.kill('SIGKILL');
}
