// The engine's end of one model's process: starts it, sends it jobs, notices when it dies. A
// process that ends by itself fails every job that it had, and is told to whoever owns it; it is
// never restarted from here.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { assert } from '../core/assert.ts';
import { type Problem, ProblemError } from '../core/problem.ts';
import { crashed, stalled } from './problems.ts';
import type { EngineMode, MemoryUse } from './protocol.ts';
import type { RunnerMessage, RunnerRequest, RunnerResult } from './runner-protocol.ts';

type Job = RunnerRequest extends infer R
  ? R extends { kind: 'abort' }
    ? never
    : Omit<R, 'id'>
  : never;

export interface JobOptions {
  readonly signal?: AbortSignal;
  readonly onMessage?: (message: Extract<RunnerMessage, { kind: 'progress' | 'text' }>) => void;
}

export interface Runner {
  readonly pid: number | null;
  /** As of the last job. */
  readonly memory: () => MemoryUse;
  /** Rejects with ProblemError. An abort is asked of the process, which then ends the job. */
  readonly run: (job: Job, options?: JobOptions) => Promise<RunnerResult>;
  /** Ends the process and resolves when it is gone, with all of its memory. */
  readonly stop: () => Promise<void>;
}

/** A load or an answer may take long, but not without a sign of life for so long. */
const silenceMsMax = 10 * 60_000;
/** Time to end by itself once its channel is closed. */
const stopMs = 1_000;

export interface RunnerOptions {
  /** Told once, and only when the process was not stopped: `SIGABRT`, `exit code 3`. */
  readonly onCrash: (how: string) => void;
  readonly program: string;
}

interface Pending {
  readonly settle: (outcome: { result: RunnerResult } | { problem: Problem }) => void;
  readonly onMessage: JobOptions['onMessage'];
  timer: NodeJS.Timeout;
}

export function startRunner({ onCrash, program }: RunnerOptions): Runner {
  const mode: EngineMode = 'runner';
  const child = fork(program, [mode], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const pending = new Map<number, Pending>();
  let memory: MemoryUse = { residentBytes: 0, llamaBytes: 0, vramBytes: 0 };
  let stopped = false;
  let ended: Problem | null = null;
  let lastId = 0;

  const end = (how: string): void => {
    if (ended !== null) return;
    ended = crashed(how);
    for (const job of pending.values()) job.settle({ problem: ended });
    if (!stopped) onCrash(how);
  };
  child.on('exit', (code, signal) => end(signal ?? `exit code ${code}`));
  child.on('error', (error) => end(error.message));
  child.on('message', (message: RunnerMessage) => {
    const job = pending.get(message.id);
    if (job === undefined) return;
    job.timer.refresh();
    if (message.kind === 'done') {
      memory = message.memory;
      job.settle({ result: message.result });
    } else if (message.kind === 'failed') job.settle({ problem: message.problem });
    else job.onMessage?.(message);
  });

  const run: Runner['run'] = (job, { signal, onMessage } = {}) =>
    new Promise((resolve, reject) => {
      if (ended !== null) {
        reject(new ProblemError(ended));
        return;
      }
      lastId += 1;
      const id = lastId;
      const onAbort = (): void => send(child, { kind: 'abort', id });
      const onSilence = (): void => {
        pending.get(id)?.settle({ problem: stalled(silenceMsMax) });
        child.kill('SIGKILL');
      };
      const settle: Pending['settle'] = (outcome) => {
        clearTimeout(pending.get(id)?.timer);
        pending.delete(id);
        signal?.removeEventListener('abort', onAbort);
        if ('result' in outcome) resolve(outcome.result);
        else reject(new ProblemError(outcome.problem));
      };
      pending.set(id, { settle, onMessage, timer: setTimeout(onSilence, silenceMsMax).unref() });
      send(child, { ...job, id });
      if (signal?.aborted) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
    });

  return {
    pid: child.pid ?? null,
    memory: () => memory,
    run,
    stop: async () => {
      stopped = true;
      if (ended !== null) return;
      assert(child.pid !== undefined, 'a running process has a pid');
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** A message to a process that has just ended is lost; its `exit` settles the job. */
const send = (child: ChildProcess, request: RunnerRequest): void => {
  if (child.connected) child.send(request, () => undefined);
};
