// The loop: how soon an edit is planned, how many trivial actions it does, what one engine that never
// answers costs the others, and what it costs while nothing changes.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Http, Io } from '../../src/io/io.ts';
import { watchFiles } from '../../src/io/node/watch-files.ts';
import { createNodeIo } from '../../src/io/node.ts';
import { watch } from '../../src/watch.ts';
import { memoryHttp } from '../fakes/ollama/memory-http.ts';
import { createFakeOllama, realClock } from '../fakes/ollama-server.ts';
import type { Measured } from './bench.ts';
import { startFakeOllama } from './fake-ollama.ts';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

export async function* benchWatch(): AsyncIterable<Measured> {
  yield await savedToPlanned();
  yield await manyActions();
  yield await oneThatNeverAnswers();
  yield* idle();
}

interface Site {
  readonly folder: string;
  readonly io: Io;
  readonly write: (text: string) => void;
}

type Handlers = Parameters<typeof memoryHttp>[0];

/** A machine whose engines are in memory; `hung`: origins that take a request and say nothing. */
async function withSite<T>(
  handlers: Handlers,
  hung: ReadonlySet<string>,
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'modelctl-bench-'));
  const memory = memoryHttp(handlers, realClock);
  const http: Http = {
    request: (request) =>
      hung.has(new URL(request.url).origin)
        ? new Promise((_, reject) => {
            const end = (): void => reject(request.signal?.reason as Error);
            request.signal?.addEventListener('abort', end, { once: true });
          })
        : memory.request(request),
  };
  const node = createNodeIo();
  const io: Io = {
    ...node,
    http,
    web: http,
    environment: {
      ...node.environment,
      get: (name) => (name === 'MODELCTL_HOME' ? join(folder, 'home') : undefined),
      hostname: 'box',
      homeFolder: join(folder, 'user'),
      workingFolder: folder,
    },
  };
  try {
    return await work({
      folder,
      io,
      write: (text) => writeFileSync(join(folder, 'models.yaml'), text),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const document = (kind: string, name: string, spec: object): string =>
  `${JSON.stringify({ apiVersion: 'modelctl.dev/v1alpha1', kind, metadata: { name }, spec })}\n`;

/** Runs a loop; `onEvent` resolves what is waited for. */
async function whileWatching<T>(
  { io }: Site,
  onEvent: (kind: string, name: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const ended = watch(
    { inputs: ['models.yaml'], intervalMs: 3_600_000 },
    {
      io,
      signal: stop.signal,
      watchFiles,
      report: (event) =>
        onEvent(event.kind, event.kind === 'finished' ? event.entry.action.id : ''),
    },
  );
  try {
    return await work();
  } finally {
    stop.abort();
    await ended;
  }
}

const origin = 'http://127.0.0.1:11434';
const registry = '127.0.0.1:11434/library';
const source = (tag: string): string => `ollama://${registry}/${tag}`;

async function savedToPlanned(): Promise<Measured> {
  const edits = 40;
  const ollama = createFakeOllama();
  ollama.registry.publish('library/tiny:v1', { weights: 'tiny' });
  const texts = [0, 1].map((odd) =>
    document('Model', 'tiny', {
      source: source('tiny:v1'),
      ...(odd ? { aliases: ['other'] } : {}),
    }),
  );
  const times = await withSite(new Map([[origin, ollama.handle]]), new Set(), (site) => {
    let planned: (() => void) | null = null;
    site.write(texts[0] ?? '');
    const onEvent = (kind: string): void => {
      if (kind === 'revision') planned?.();
    };
    return whileWatching(site, onEvent, async () => {
      await pause(3_000);
      const taken: number[] = [];
      for (let edit = 1; edit <= edits; edit += 1) {
        const seen = Promise.withResolvers<void>();
        planned = seen.resolve;
        const savedAt = performance.now();
        site.write(texts[edit % 2] ?? '');
        await seen.promise;
        taken.push(performance.now() - savedAt);
        await pause(200 + (edit % 7) * 30);
      }
      return taken;
    });
  });
  return {
    title: 'a saved file is planned, p95',
    value: percentile(times, 95),
    budget: 300,
    unit: 'ms',
    detail: `median ${percentile(times, 50).toFixed(0)} ms of ${times.length} edits`,
  };
}

/** Another name for what is there is the least that an engine can be asked for. */
async function manyActions(): Promise<Measured> {
  const engines = 10;
  const namesEach = 100;
  const actions = engines * namesEach;
  const aliases = Array.from({ length: namesEach }, (_, index) => `alias-${index}`);
  const { handlers, textOf } = await manyEngines(engines);
  const tookMs = await withSite(handlers, new Set(), (site) => {
    site.write(textOf(aliases));
    const all = Promise.withResolvers<void>();
    let count = 0;
    let firstAt = 0;
    const onEvent = (kind: string): void => {
      if (kind === 'planned' && firstAt === 0) firstAt = performance.now();
      if (kind !== 'finished') return;
      count += 1;
      if (count === actions) all.resolve();
    };
    return whileWatching(site, onEvent, async () => {
      await all.promise;
      return performance.now() - firstAt;
    });
  });
  return {
    title: `${actions} trivial actions on ${engines} engines, each`,
    value: tookMs / actions,
    budget: 20,
    unit: 'ms',
    detail: `${((actions / tookMs) * 1000).toFixed(0)} a second`,
  };
}

/** Engines of one host that hold a model each, and the manifests that give it further names. */
async function manyEngines(engines: number): Promise<{
  readonly origins: readonly string[];
  readonly handlers: Handlers;
  readonly textOf: (aliases: readonly string[]) => string;
}> {
  const origins = Array.from(
    { length: engines },
    (_, index) => `http://127.0.0.1:${20_000 + index}`,
  );
  const handlers = new Map<string, ReturnType<typeof createFakeOllama>['handle']>();
  for (const at of origins) {
    const fake = createFakeOllama();
    fake.registry.publish('library/tiny:v1', { weights: 'tiny' });
    await fake.foreign.pull(`${at.slice('http://'.length)}/library/tiny:v1`);
    handlers.set(at, fake.handle);
  }
  const site = origins.flatMap((endpoint, index) => [
    document('Backend', `e${index}`, { type: 'ollama', endpoint }),
    document('HardwareTarget', `t${index}`, {
      selector: { matchLabels: { on: 'box' } },
      backend: `e${index}`,
    }),
  ]);
  const models = (aliases: readonly string[]): readonly string[] =>
    origins.map((at, index) =>
      document('Model', `m${index}`, {
        source: `ollama://${at.slice('http://'.length)}/library/tiny:v1`,
        targets: [`t${index}`],
        ...(aliases.length === 0 ? {} : { aliases }),
      }),
    );
  const host = document('Host', 'box', { labels: { on: 'box' } });
  return {
    origins,
    handlers,
    textOf: (aliases) => [host, ...site, ...models(aliases)].join('---\n'),
  };
}

/** Pairs of rounds, with all engines well and with one that hangs: the same edit to all of them. */
async function oneThatNeverAnswers(): Promise<Measured> {
  const engines = 128;
  const rounds = 4;
  const { origins, handlers, textOf } = await manyEngines(engines);
  const hung = new Set<string>();
  const p95 = { well: [] as number[], failing: [] as number[] };
  await withSite(handlers, hung, (place) => {
    let onDone: (id: string) => void = () => undefined;
    place.write(textOf([]));
    const onEvent = (kind: string, id: string): void => {
      if (kind === 'finished') onDone(id);
    };
    return whileWatching(place, onEvent, async () => {
      await pause(5_000);
      for (let round = 0; round < rounds * 2; round += 1) {
        const isFailing = round % 2 === 1;
        hung.clear();
        if (isFailing) hung.add(origins[0] ?? '');
        const times: number[] = [];
        const all = Promise.withResolvers<void>();
        const savedAt = performance.now();
        onDone = (id) => {
          if (id.includes(`${origins[0]}|`)) return;
          times.push(performance.now() - savedAt);
          if (times.length === engines - 1) all.resolve();
        };
        place.write(textOf(Array.from({ length: round + 1 }, (_, index) => `r${index}`)));
        await all.promise;
        p95[isFailing ? 'failing' : 'well'].push(percentile(times, 95));
        await pause(1_500);
      }
    });
  });
  const [well, failing] = [percentile(p95.well, 50), percentile(p95.failing, 50)];
  return {
    title: `one hung engine of ${engines} slows the others' p95 by`,
    value: Math.max(0, (failing / well - 1) * 100),
    budget: 10,
    unit: '%',
    detail: `${failing.toFixed(0)} ms against ${well.toFixed(0)} ms`,
  };
}

async function* idle(): AsyncIterable<Measured> {
  const seconds = 130;
  const folder = mkdtempSync(join(tmpdir(), 'modelctl-bench-'));
  const ollama = await startFakeOllama({ models: 100 });
  writeFileSync(join(folder, 'models.yaml'), ollama.manifest);
  const child = spawn(process.execPath, [main, 'watch', '-f', 'models.yaml'], {
    cwd: folder,
    env: { ...process.env, MODELCTL_HOME: join(folder, 'home'), OLLAMA_HOST: ollama.url },
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  try {
    await pause(20_000);
    said = '';
    const [before, written] = [cpuMs(child.pid), writtenBytes(child.pid)];
    await pause(seconds * 1_000);
    const used = cpuMs(child.pid) - before;
    const detail = `100 models, ${seconds} s, ${said.length} characters said, ${writtenBytes(child.pid) - written} bytes written`;
    const quiet = said === '' && writtenBytes(child.pid) === written;
    yield {
      title: 'an idle loop, of a core',
      value: quiet ? (used / (seconds * 1_000)) * 100 : Number.POSITIVE_INFINITY,
      budget: 0.3,
      unit: '%',
      detail,
    };
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    const residentMb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    yield {
      title: 'an idle loop, resident',
      value: residentMb,
      budget: 90,
      unit: 'MB',
      detail: '',
    };
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.on('close', resolve));
    await ollama.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Of user and system time; the kernel counts in hundredths of a second. */
function cpuMs(pid: number | undefined): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** To disks; what goes to pipes and sockets does not count. */
const writtenBytes = (pid: number | undefined): number =>
  Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (
    sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN
  );
}
