// What a killed pull plays on: one model file, published as one kind of source, on servers that send
// slowly and get some things wrong; and one engine that it is for. All of it is new in each round.
import { randomFillSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestHex } from '../../src/core/digest.ts';
import { sha256Text } from '../../src/core/hash.ts';
import type { Random } from '../../src/io/io.ts';
import { createHub } from '../fakes/hub-server.ts';
import { modelFile, publishImage, publishManifest } from '../fakes/oci-image.ts';
import { storeIn } from '../fakes/ollama/store-folder.ts';
import { createFakeOllama } from '../fakes/ollama-server.ts';
import type { Fault } from '../fakes/registry-faults.ts';
import { createRegistry } from '../fakes/registry-server.ts';
import { tinyGguf } from '../fakes/tiny-gguf.mjs';
import type { KillPlace } from './kill.ts';
import { createSigns, type Signs } from './processes.ts';

export const sourceNames = ['https', 'ollama', 'oci', 'hf', 'file'] as const;
export type SourceName = (typeof sourceNames)[number];
/** The one of modelctl itself, an Ollama whose files are ours to write, and one with its API only. */
export const engineNames = ['embedded', 'files', 'api'] as const;
export type EngineName = (typeof engineNames)[number];

export interface PullSite {
  /** As a manifest names it. */
  readonly source: string;
  readonly weights: Uint8Array;
  /** In hex. */
  readonly sha256: string;
  /** For OLLAMA_HOST. */
  readonly ollama: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Each so many bytes that are sent. */
  readonly progress: Signs;
  /** What the engine keeps in memory only; null where it has a disk. */
  readonly kept: () => Uint8Array | null;
  /** What goes wrong in this round, in words. */
  readonly troubles: readonly string[];
  readonly end: () => Promise<void>;
}

/** Nothing listens there. */
const nowhere = '127.0.0.1:9';

export async function createPullSite(
  place: KillPlace,
  wanted: { readonly source: SourceName; readonly engine: EngineName; readonly bytes: number },
  random: Random,
): Promise<PullSite> {
  const weights = weightsOf(wanted.bytes, random);
  const sha256 = digestHex(sha256Text(weights));
  const progress = createSigns();
  const registry = createRegistry();
  const hub = createHub();
  const [web, hugging] = [await registry.listen(), await hub.listen()];
  const onDisk = wanted.engine === 'files' ? join(place.home, '.ollama', 'models') : null;
  const ollama = createFakeOllama(onDisk === null ? {} : { folder: storeIn(onDisk) });
  const engine = await ollama.start(0);
  const host = new URL(web.origin).host;
  const publish: Readonly<Record<SourceName, () => string>> = {
    https: () => {
      registry.files.set('model.gguf', weights);
      return `${web.origin}/files/model.gguf#sha256=${sha256}`;
    },
    ollama: () => {
      const { raw } = ollama.registry.publish('library/pulled:v1', { weights });
      for (const digest of JSON.stringify(raw).match(/sha256:[0-9a-f]{64}/g) ?? []) {
        const blob = ollama.registry.blob(digest)?.bytes;
        if (blob) registry.blobs.set(digest, blob);
      }
      publishManifest(registry, 'library/pulled:v1', raw);
      return `ollama://${host}/library/pulled:v1`;
    },
    oci: () => {
      publishImage(registry, 'team/pulled:v1', { layers: [modelFile('model.gguf', weights)] });
      return `oci://${host}/team/pulled:v1`;
    },
    hf: () => {
      hub.push('org/pulled', { 'model.gguf': weights, 'README.md': 'pulled' });
      return 'hf://org/pulled/model.gguf';
    },
    file: () => {
      writeFileSync(join(place.folder, 'model.gguf'), weights);
      return 'file://./model.gguf';
    },
  };
  const source = publish[wanted.source]();
  const troubles = wanted.source === 'file' ? [] : pickTroubles(random);
  const server = wanted.source === 'hf' ? hub : registry;
  for (const name of troubles) server.add(troubleOf(name, wanted.bytes, random));
  server.add(slowly);
  const watch = watchSent(server.sent, wanted.bytes, progress);
  return {
    source,
    weights,
    sha256,
    ollama: wanted.engine === 'embedded' ? nowhere : new URL(engine.url).host,
    environment: { HF_ENDPOINT: hugging.origin },
    progress,
    kept: () =>
      wanted.engine === 'api' ? (ollama.store.blobs.get(`sha256:${sha256}`)?.bytes ?? null) : null,
    troubles,
    end: async () => {
      clearInterval(watch);
      await Promise.all([web.close(), hugging.close(), engine.stop()]);
    },
  };
}

/** A valid model file with noise behind it, so that each part of it is like no other. */
function weightsOf(bytes: number, random: Random): Uint8Array {
  const weights = Buffer.alloc(bytes);
  const header = tinyGguf({ seed: 7 });
  randomFillSync(weights, header.length);
  header.copy(weights);
  weights.writeUInt32LE(Math.floor(random.fraction() * 2 ** 32), bytes - 4);
  return weights;
}

/** What is large: files, and blobs and objects behind their redirects. */
const large = /^GET \/(?:files|cdn|lfs)\//;

const pace = { pieceBytes: 64 * 1024, pieceDelayMs: 4 } as const;
const slowly: Fault = { on: large, times: Number.POSITIVE_INFINITY, ...pace };

const troubleNames = ['cut', 'busy', 'expired', 'whole', 'broken'] as const;
type Trouble = (typeof troubleNames)[number];

/** None in a third of the rounds, else one or two. */
function pickTroubles(random: Random): readonly Trouble[] {
  const count = Math.floor(random.fraction() * 3);
  return Array.from({ length: count }, () => {
    return troubleNames[Math.floor(random.fraction() * troubleNames.length)] ?? 'cut';
  });
}

function troubleOf(name: Trouble, bytes: number, random: Random): Fault {
  const times = 1 + Math.floor(random.fraction() * 3);
  const faults: Readonly<Record<Trouble, Omit<Fault, 'on'>>> = {
    cut: { cutAfterBytes: Math.floor((random.fraction() * bytes) / 4), times, ...pace },
    busy: { status: 429, headers: { 'retry-after': '0' }, times },
    expired: { status: 403 },
    whole: { ignoresRange: true, ...pace },
    broken: { status: 500, times },
  };
  return { on: large, ...faults[name] };
}

const signsPerFile = 100;
const lookMs = 2;

function watchSent(
  sent: ReadonlyMap<string, number>,
  bytes: number,
  progress: Signs,
): NodeJS.Timeout {
  let told = 0;
  return setInterval(() => {
    const all = sent.values().reduce((sum, one) => sum + one, 0);
    for (; told < Math.floor((all / bytes) * signsPerFile); told += 1) progress.tell();
  }, lookMs);
}
