// One run of the program, from its start to its end or its death: counts what it does to the world,
// and can be killed before, during or after any of it. The dead do nothing: each of their calls
// waits for ever, so that no handler of theirs has an effect, as after `kill -9`.
import type {
  Assembly,
  Clock,
  Files,
  Http,
  HttpRequest,
  HttpResponse,
  Io,
} from '../../src/io/io.ts';

export interface Kill {
  /** Which effect, counted from 0. */
  readonly effect: number;
  /** `during`: so long after it began, when nobody knows whether it has happened yet. */
  readonly when: 'before' | 'during' | 'after';
  readonly afterMs?: number;
}

export interface Life {
  readonly io: Io;
  /** What has been done so far, in order: `write models.lock.yaml`, `POST /api/copy`. */
  readonly effects: readonly string[];
  readonly isDead: () => boolean;
  /** Resolves when the run is killed; never otherwise. */
  readonly death: Promise<'killed'>;
  /** Something the program does at once, without waiting: see sqlite.ts. */
  readonly effectNow: <T>(label: string, act: () => T) => T;
  /** Ends what the run has under way, as the system does for a process that is gone. */
  readonly kill: () => void;
}

/** Thrown where a dead program would have gone on at once. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

interface LifeOptions {
  readonly io: Io;
  readonly kill: Kill | null;
  /** What the system closes behind a dead process. */
  readonly onDeath: () => void;
}

export function createLife({ io, kill, onDeath }: LifeOptions): Life {
  const effects: string[] = [];
  const connections = new AbortController();
  const died = Promise.withResolvers<'killed'>();
  let dead = false;

  const die = (): void => {
    if (dead) return;
    dead = true;
    onDeath();
    died.resolve('killed');
    connections.abort(new Killed());
  };
  /** Passes on what becomes of a call, unless nobody is left to hear it. */
  const alive = <T>(work: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      work.then(
        (value) => dead || resolve(value),
        (error: unknown) => dead || reject(error as Error),
      );
    });
  const reached = (when: Kill['when'], effect: number): boolean =>
    kill?.when === when && kill.effect === effect;

  const effect = <T>(label: string, act: () => Promise<T>): Promise<T> => {
    if (dead) return never();
    const index = effects.length;
    effects.push(label);
    if (reached('before', index)) {
      die();
      return never();
    }
    const work = act();
    if (reached('during', index)) void io.clock.sleep(kill?.afterMs ?? 1).then(die);
    const ended = work.finally(() => {
      if (reached('after', index)) die();
    });
    return alive(ended);
  };

  const effectNow: Life['effectNow'] = (label, act) => {
    if (dead) throw new Killed();
    const index = effects.length;
    effects.push(label);
    if (!reached('before', index)) {
      const result = act();
      if (!reached('after', index) && !reached('during', index)) return result;
    }
    die();
    throw new Killed();
  };

  const clock: Clock = {
    now: io.clock.now,
    elapsed: io.clock.elapsed,
    sleep: (durationMs, signal) => (dead ? never() : alive(io.clock.sleep(durationMs, signal))),
    every: (periodMs, onTick) => io.clock.every(periodMs, () => (dead ? undefined : onTick())),
  };
  return {
    io: {
      ...io,
      clock,
      files: mortalFiles(io.files, effect, alive),
      http: {
        request: (request) => send(request, { io, effect, alive, signal: connections.signal }),
      },
      web: {
        request: (request) => send(request, { io, effect, alive, signal: connections.signal }),
      },
    },
    effects,
    isDead: () => dead,
    death: died.promise,
    effectNow,
    kill: die,
  };
}

const never = (): Promise<never> => new Promise(() => undefined);

type Effect = <T>(label: string, act: () => Promise<T>) => Promise<T>;
type Alive = <T>(work: Promise<T>) => Promise<T>;

function mortalFiles(files: Files, effect: Effect, alive: Alive): Files {
  const name = (path: string): string => path.split('/').at(-1) ?? path;
  return {
    stat: (path) => alive(files.stat(path)),
    entry: (path) => alive(files.entry(path)),
    readLink: (path) => alive(files.readLink(path)),
    readBytes: (path, bytesMax) => alive(files.readBytes(path, bytesMax)),
    readStream: (path, range) => mortalChunks(files.readStream(path, range), alive),
    list: (path) => alive(files.list(path)),
    glob: (pattern, folder) => alive(files.glob(pattern, folder)),
    realPath: (path) => alive(files.realPath(path)),
    accessTo: (folder) => alive(files.accessTo(folder)),
    onSameDisk: (a, b) => alive(files.onSameDisk(a, b)),
    giveLike: (path, mode, like) =>
      effect(`give ${name(path)}`, () => files.giveLike(path, mode, like)),
    space: (path) => alive(files.space(path)),
    readStdin: (bytesMax) => alive(files.readStdin(bytesMax)),
    writeAtomic: (path, content, options) =>
      effect(`write ${name(path)}`, () => files.writeAtomic(path, content, options)),
    // Each chunk reaches the disk by itself: a death leaves those that were written.
    appendStream: async (path, chunks, options) => {
      for await (const chunk of chunks) {
        const once = async function* (): AsyncGenerator<Uint8Array> {
          yield chunk;
        };
        await effect(`append ${name(path)}`, () => files.appendStream(path, once(), options));
      }
      const nothing = async function* (): AsyncGenerator<Uint8Array> {};
      await alive(files.appendStream(path, nothing()));
    },
    assemble: async (path, options) =>
      mortalAssembly(
        await effect(`open ${name(path)}`, () => files.assemble(path, options)),
        name(path),
        { effect, alive },
      ),
    digest: (path, options) => alive(files.digest(path, options)),
    rename: (from, to) => effect(`rename ${name(to)}`, () => files.rename(from, to)),
    clone: (from, to) => effect(`clone ${name(to)}`, () => files.clone(from, to)),
    link: (from, to) => effect(`link ${name(to)}`, () => files.link(from, to)),
    symlink: (target, path) => effect(`link ${name(path)}`, () => files.symlink(target, path)),
    remove: (path) => effect(`remove ${name(path)}`, () => files.remove(path)),
    removeFolder: (path) => effect(`remove ${name(path)}`, () => files.removeFolder(path)),
    makeFolder: (path) => effect(`folder ${name(path)}`, () => files.makeFolder(path)),
  };
}

/** Each part reaches the disk by itself: a death leaves those that were written. */
function mortalAssembly(
  assembly: Assembly,
  name: string,
  { effect, alive }: { readonly effect: Effect; readonly alive: Alive },
): Assembly {
  return {
    part: (start) => {
      const part = assembly.part(start);
      return {
        write: (bytes) => effect(`part ${name}`, async () => part.write(bytes)),
        end: () => alive(part.end()),
      };
    },
    sync: () => alive(assembly.sync()),
    finish: () => alive(assembly.finish()),
    close: () => alive(assembly.close()),
  };
}

interface Wire {
  readonly io: { readonly http: Http };
  readonly effect: Effect;
  readonly alive: Alive;
  readonly signal: AbortSignal;
}

async function send(request: HttpRequest, wire: Wire): Promise<HttpResponse> {
  const { io, effect, alive, signal } = wire;
  const signals = request.signal === undefined ? signal : AbortSignal.any([request.signal, signal]);
  const act = (): Promise<HttpResponse> => io.http.request({ ...request, signal: signals });
  if (!changes(request)) {
    const response = await alive(act());
    return { ...response, body: mortalChunks(response.body, alive) };
  }
  const label = labelOf(request);
  const response = await effect(label, act);
  return { ...response, body: chunksAsEffects(label, response.body, effect) };
}

const changes = ({ method, url }: HttpRequest): boolean =>
  !['GET', 'HEAD'].includes(method) && !url.endsWith('/api/show');

function labelOf({ method, url, body }: HttpRequest): string {
  const { pathname } = new URL(url);
  if (typeof body !== 'string') return `${method} ${pathname.slice(0, 30)}`;
  const { model, source, destination } = JSON.parse(body) as Record<string, string | undefined>;
  return `${method} ${pathname} ${model ?? `${source} → ${destination}`}`;
}

/** A pull that is under way goes on as long as somebody reads: each line is a step of its own. */
async function* chunksAsEffects(
  label: string,
  chunks: AsyncIterable<Uint8Array>,
  effect: Effect,
): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await effect(`${label} …`, () => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function* mortalChunks(
  chunks: AsyncIterable<Uint8Array>,
  alive: Alive,
): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await alive(iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
