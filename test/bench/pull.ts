// One pull by the built program: a whole process with a MODELCTL_HOME of its own, which declares one
// model and applies it on the engine that modelctl brings along.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** Prints the peak of what is resident when the process ends, in kilobytes, as the system keeps it. */
const printPeak = `data:text/javascript,${encodeURIComponent(
  `import{readFileSync}from'node:fs';process.on('exit',()=>process._rawDebug(readFileSync('/proc/self/status','utf8').match(/VmHWM:.*/)[0]))`,
)}`;

export interface Pull {
  /** Where what has arrived is until it is whole. */
  readonly partial: string;
  readonly run: (given?: readonly string[]) => RunningPull;
  readonly remove: () => void;
}

export interface RunningPull {
  readonly child: ChildProcess;
  /** Throws unless it ended with 0. */
  readonly ended: Promise<{ readonly seconds: number; readonly peakMB: number }>;
}

export function createPull(parent: string, url: string, sha256: string): Pull {
  const folder = mkdtempSync(join(parent, 'pull-'));
  const home = join(folder, 'home');
  const work = join(folder, 'work');
  mkdirSync(work);
  writeFileSync(join(work, 'models.yaml'), manifestOf(`${url}#sha256=${sha256}`));
  return {
    partial: join(home, 'cache', 'staging', `${sha256}.partial`),
    run: (given = []) => start(work, home, given),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function start(work: string, home: string, given: readonly string[]): RunningPull {
  const startedAt = performance.now();
  const words = ['--import', printPeak, main, 'apply', '-f', 'models.yaml', ...given];
  const child = spawn(process.execPath, words, {
    cwd: work,
    // Nothing listens there: no Ollama of this machine gets the model.
    env: { PATH: process.env['PATH'], HOME: home, MODELCTL_HOME: home, OLLAMA_HOST: '127.0.0.1:9' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString('utf8');
  });
  const ended = once(child, 'close').then(() => {
    const seconds = (performance.now() - startedAt) / 1000;
    if (child.exitCode !== 0) throw new Error(`a pull ended with ${child.exitCode}\n${told}`);
    return { seconds, peakMB: (Number(/VmHWM:\s*(\d+)/.exec(told)?.[1]) * 1024) / 1e6 };
  });
  return { child, ended };
}

const manifestOf = (source: string): string =>
  `apiVersion: modelctl.dev/v1alpha1
kind: Model
metadata:
  name: large
spec:
  source: "${source}"
`;
