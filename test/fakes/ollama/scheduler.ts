// What the fake holds in memory, as server/sched.go does: one runner per weights whatever the tag,
// absent while it loads, gone when its keep_alive has run out, given up when room is needed.
import type { Clock } from '../../../src/io/io.ts';
import { display, type Name } from './name.ts';

export interface Subject {
  readonly name: Name;
  /** Of the manifest, 64 hex. */
  readonly digest: string;
  readonly weights: string;
  readonly bytes: number;
  readonly trainedContextLength: number;
  /** Options that are baked in. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly adapter: string | null;
}

interface Runner {
  subject: Subject;
  readonly contextLength: number;
  readonly options: string;
  keepAliveMs: number;
  /** Null until the first request has ended. */
  expiresAt: number | null;
  requests: number;
}

export interface SchedulerOptions {
  readonly clock: Clock;
  readonly loadDelayMs: number;
  /** How long a runner takes to go once it must. */
  readonly unloadDelayMs: number;
  readonly loadedMax: number;
  readonly defaultContextLength: number;
  readonly defaultKeepAliveMs: number;
  /** Loading more than this fails with an out-of-memory text. */
  readonly memoryBytes: number;
}

export interface Scheduler {
  /** Resolves when the model is in memory; rejects with the text of the engine's error. */
  readonly use: (
    subject: Subject,
    keepAliveMs: number | undefined,
    options: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ) => Promise<() => void>;
  readonly expire: (weights: string) => void;
  readonly list: () => readonly object[];
  readonly reset: () => void;
}

/** Go's longest duration: an endless keep_alive ends in 292 years. */
const longestMs = Number(2n ** 63n / 1_000_000n);
const loadTimeOptions = ['num_ctx', 'num_batch', 'num_gpu', 'main_gpu', 'use_mmap', 'num_thread'];

export function createScheduler(settings: SchedulerOptions): Scheduler {
  const runners = new Map<string, Runner>();
  const loading = new Map<string, Promise<Runner>>();
  const { clock } = settings;

  const settle = (): void => {
    for (const [weights, runner] of runners) {
      if (runner.requests > 0 || runner.expiresAt === null) continue;
      const linger = runner.keepAliveMs === 0 ? settings.unloadDelayMs : 0;
      if (clock.now() >= runner.expiresAt + linger) runners.delete(weights);
    }
  };
  /** findRunnerToUnload: the shortest keep_alive first, an idle one if there is any. */
  const makeRoom = (): void => {
    while (runners.size >= settings.loadedMax) {
      const sorted = [...runners].toSorted(([, a], [, b]) => a.keepAliveMs - b.keepAliveMs);
      const victim = sorted.find(([, runner]) => runner.requests === 0) ?? sorted[0];
      if (victim === undefined) return;
      runners.delete(victim[0]);
    }
  };
  const start = async (
    subject: Subject,
    options: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<Runner> => {
    await clock.sleep(settings.loadDelayMs, signal);
    if (subject.bytes > settings.memoryBytes)
      throw new Error('llama-server: failed to allocate buffer: out of memory');
    makeRoom();
    const context = Number(options['num_ctx'] ?? settings.defaultContextLength);
    return {
      subject,
      contextLength: Math.min(context, subject.trainedContextLength),
      options: JSON.stringify(options),
      keepAliveMs: settings.defaultKeepAliveMs,
      expiresAt: null,
      requests: 0,
    };
  };

  return {
    use: async (subject, keepAliveMs, given, signal) => {
      settle();
      const options = loadOptionsOf({ ...subject.parameters, ...given });
      await loading.get(subject.weights);
      let runner = runners.get(subject.weights);
      const isOther =
        runner?.options !== JSON.stringify(options) || runner.subject.adapter !== subject.adapter;
      if (runner !== undefined && isOther) {
        // needsReload: other load-time options or adapters end the runner, after its requests.
        while (runner.requests > 0) await clock.sleep(5, signal);
        runners.delete(subject.weights);
        runner = undefined;
      }
      if (runner === undefined) {
        const started = start(subject, options, signal);
        loading.set(subject.weights, started);
        try {
          runner = await started;
        } finally {
          loading.delete(subject.weights);
        }
        runners.set(subject.weights, runner);
      }
      if (keepAliveMs !== undefined) runner.keepAliveMs = keepAliveMs;
      const used = runner;
      used.requests += 1;
      return () => {
        used.requests -= 1;
        if (used.requests === 0)
          used.expiresAt = clock.now() + Math.min(used.keepAliveMs, longestMs);
        settle();
      };
    },
    expire: (weights) => {
      const runner = runners.get(weights);
      if (runner === undefined) return;
      runner.keepAliveMs = 0;
      runner.expiresAt = clock.now();
      settle();
    },
    list: () => {
      settle();
      return [...runners.values()].map((runner) => listed(runner, clock.now()));
    },
    reset: () => runners.clear(),
  };
}

const loadOptionsOf = (options: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    loadTimeOptions.filter((key) => key in options).map((key) => [key, options[key]]),
  );

function listed({ subject, contextLength, keepAliveMs, expiresAt }: Runner, now: number): object {
  const name = display(subject.name);
  const memory = subject.bytes + contextLength * 1024;
  return {
    name,
    model: name,
    size: memory,
    digest: subject.digest,
    details: { parent_model: '', format: 'gguf', family: 'llama', families: ['llama'] },
    expires_at: new Date(expiresAt ?? now + Math.min(keepAliveMs, longestMs)).toISOString(),
    size_vram: 0,
    context_length: contextLength,
  };
}

/** api.Duration: seconds as a number, Go's own form as a text, negative for ever. */
export function parseKeepAlive(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return value < 0 ? Number.POSITIVE_INFINITY : value * 1000;
  if (typeof value !== 'string') throw new Error('Unsupported type');
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const match = /^(-?)((?:\d+(?:\.\d+)?(?:ms|s|m|h))+|0)$/.exec(value);
  if (match === null) throw new Error(`time: invalid duration ${JSON.stringify(value)}`);
  if (match[1] === '-') return Number.POSITIVE_INFINITY;
  const parts = [...(match[2] ?? '').matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (units[unit] ?? 1), 0);
}
