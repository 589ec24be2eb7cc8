// What the rounds against Ollama play on: one port for all of them, behind which stands another
// engine each round, and a web server. Beside what will be declared there is what is nobody's
// business: a model that somebody keeps in memory, and one that shares its weights with ours.
import { ggufBytes, usualPairs } from '../fakes/gguf-bytes.ts';
import { listen } from '../fakes/ollama/listen.ts';
import { readBody } from '../fakes/ollama/message.ts';
import { display, parse } from '../fakes/ollama/name.ts';
import { createFakeOllama, type FakeOllama } from '../fakes/ollama-server.ts';
import { createRegistry as createWebServer, type FakeRegistry } from '../fakes/registry-server.ts';
import { createSigns, type Signs } from './processes.ts';

export type Version = 'v1' | 'v2';

/** All that can be seen of an engine. */
export interface State {
  /** By name: the digest. */
  readonly names: Readonly<Record<string, string>>;
  readonly runners: readonly Runner[];
  readonly blobs: readonly string[];
}

interface Runner {
  readonly digest: string;
  readonly contextLength: number;
  readonly stays: boolean;
}

export interface KillSite {
  readonly address: string;
  readonly webOrigin: string;
  readonly web: FakeRegistry;
  /** What the web server has below /files/, as `v1.gguf` and `v2.gguf`. */
  readonly files: Readonly<Record<Version, Uint8Array>>;
  readonly requests: Signs;
  /** Another engine, with the bystanders only. */
  readonly renew: () => Promise<FakeOllama>;
  readonly state: () => Promise<State>;
  /** The part of a state that nobody may touch. */
  readonly bystanders: (state: State) => unknown;
  readonly end: () => Promise<void>;
}

export const modelBytes = 2_000_000;
/** A layer arrives in so many pieces, so long apart; a web file in as many. */
const pieces = 60;
const pieceDelayMs = 4;
const everyGet = /^GET \/files\//;

export async function createKillSite(): Promise<KillSite> {
  const requests = createSigns();
  const web = createWebServer();
  const files = { v1: webFile('v1'), v2: webFile('v2') };
  for (const [name, bytes] of Object.entries(files)) web.files.set(`${name}.gguf`, bytes);
  web.add({
    on: everyGet,
    times: Number.POSITIVE_INFINITY,
    pieceBytes: Math.ceil(modelBytes / pieces),
    pieceDelayMs,
  });
  const served = await web.listen();
  let ollama = createFakeOllama();
  const listening = await listen((request) => {
    requests.tell();
    return ollama.handle(request);
  });
  const address = new URL(listening.url).host;
  const bystanders = [`${address}/library/bystander:v1`, 'chat-notes:latest'];
  return {
    address,
    webOrigin: served.origin,
    web,
    files,
    requests,
    renew: async () => {
      ollama = createFakeOllama({ steps: pieces, stepDelayMs: pieceDelayMs, loadDelayMs: 60 });
      publish(ollama, address);
      await furnish(ollama, address);
      return ollama;
    },
    state: () => stateOf(ollama),
    bystanders: ({ names, runners, blobs }) => {
      const theirs = bystanders.map((name) => [name, names[name] ?? null] as const);
      const digests = new Set(theirs.map(([, digest]) => digest));
      return {
        names: theirs,
        runners: runners.filter(({ digest }) => digests.has(digest)),
        blobs: blobsOf(ollama, bystanders).filter((digest) => blobs.includes(digest)),
      };
    },
    end: async () => {
      await listening.stop();
      await served.close();
    },
  };
}

function webFile(version: Version): Uint8Array {
  const name = { key: 'general.name', type: 'string', value: version } as const;
  const headerBytes = ggufBytes({ pairs: [...usualPairs, name], dataBytes: 0 }).length;
  return ggufBytes({ pairs: [...usualPairs, name], dataBytes: modelBytes - headerBytes });
}

function publish({ registry }: FakeOllama, address: string): void {
  for (const tag of ['tiny:v1', 'tiny:v2', 'other:v1', 'bystander:v1']) {
    registry.publish(`library/${tag}`, {
      weights: { bytes: modelBytes, seed: `${address} ${tag}` },
      parameters: { temperature: 0 },
    });
  }
}

/** One of them is in memory to stay. The other has the weights of what will be pruned. */
async function furnish(ollama: FakeOllama, address: string): Promise<void> {
  const tiny = `${address}/library/tiny:v1`;
  const bystander = `${address}/library/bystander:v1`;
  await ollama.foreign.pull(bystander);
  await ollama.foreign.pull(tiny);
  const [notes, shared] = [parse('chat-notes'), parse(tiny)];
  const raw = shared && ollama.store.find(shared)?.raw;
  if (notes === null || !raw) throw new Error('the bystanders are not there');
  ollama.store.write(notes, raw);
  ollama.foreign.remove(tiny);
  await ask(ollama, 'POST', '/api/generate', { model: bystander, keep_alive: -1, stream: false });
}

async function ask(
  ollama: FakeOllama,
  method: string,
  path: string,
  body: object,
): Promise<string> {
  async function* sent(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode(JSON.stringify(body));
  }
  const { signal } = new AbortController();
  const response = await ollama.handle({ method, path, headers: {}, body: sent(), signal });
  return (await readBody(response.body)).toString('utf8');
}

const yearMs = 365 * 24 * 3_600_000;

async function stateOf(ollama: FakeOllama): Promise<State> {
  const { models } = JSON.parse(await ask(ollama, 'GET', '/api/ps', {})) as {
    readonly models: readonly {
      readonly digest: string;
      readonly context_length: number;
      readonly expires_at: string;
    }[];
  };
  const { store } = ollama;
  const names = [...store.manifests.values()].map(
    ({ name, digest }) => [display(name), digest] as const,
  );
  return {
    names: Object.fromEntries(names.toSorted(([one], [other]) => one.localeCompare(other))),
    runners: models
      .map((one) => ({
        digest: one.digest,
        contextLength: one.context_length,
        stays: Date.parse(one.expires_at) > Date.now() + 100 * yearMs,
      }))
      .toSorted((one, other) => one.digest.localeCompare(other.digest)),
    blobs: [...store.blobs.keys()].toSorted(),
  };
}

const blobsOf = ({ store }: FakeOllama, names: readonly string[]): readonly string[] =>
  names.flatMap((text) => {
    const name = parse(text);
    const entry = name === null ? undefined : store.find(name);
    return entry === undefined ? [] : store.layersOf(entry.manifest).map(({ digest }) => digest);
  });
