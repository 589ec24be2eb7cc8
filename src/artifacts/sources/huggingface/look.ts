// What a choice of files turns out to be: every file with its sha256, and what the headers of the
// weights say. Reads headers by range, and small files whole, since Git knows no sha256 of them.
import type { ArtifactFacts, ArtifactFile } from '../../../core/artifact.ts';
import { mapBounded } from '../../../core/concurrency.ts';
import { sha256Text } from '../../../core/hash.ts';
import { isObject, parseObject } from '../../../core/json-object.ts';
import {
  type Checked,
  checked,
  errorProblem,
  type Problem,
  ProblemError,
  refused,
} from '../../../core/problem.ts';
import type { Clock } from '../../../io/io.ts';
import { discard } from '../../http/body.ts';
import { rememberRedirects } from '../../http/redirect-memory.ts';
import {
  headerBytesMax,
  readHeader,
  readSafetensors,
  safetensorsBytesMax,
} from '../../read-header.ts';
import { quantizationIn, type Weights } from './choose-gguf.ts';
import type { SafetensorsChoice } from './choose-safetensors.ts';
import { weightsOfIndex } from './choose-safetensors.ts';
import type { HubClient } from './client.ts';
import { badAnswer, type HubFile } from './translate.ts';

export interface Looked {
  readonly files: readonly ArtifactFile[];
  readonly facts: ArtifactFacts;
}

export interface Looking {
  readonly client: HubClient;
  readonly commit: string;
  /** For messages. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

const readsAtOnceMax = 4;
/** Vocabularies make headers of GGUF long; those of safetensors list tensors only. */
const ggufFirstBytes = 1024 * 1024;
const safetensorsFirstBytes = 128 * 1024;
/** For files that have no sha256 in the listing. */
const smallBytesMax = 10 * 1024 * 1024;
const indexBytesMax = 64 * 1024 * 1024;

/** The facts are those of the first file: of a split only that one has them all. */
export async function lookAtGguf(
  weights: Weights,
  projector: HubFile | null,
  looking: Looking,
): Promise<Checked<Looked>> {
  const facts = await ggufFacts(weights[0], looking);
  if (!facts.ok) return facts;
  // What an engine is given to load is looked at first, the projector too.
  const beside = projector === null ? checked({}) : await ggufFacts(projector, looking);
  if (!beside.ok) return beside;
  const all = [...weights, ...(projector === null ? [] : [projector])];
  const files = await withDigests(all, looking);
  if (!files.ok) return files;
  const quantization = quantizationOf(weights[0], facts.value);
  return checked(
    {
      files: files.value,
      facts: { ...facts.value, ...(quantization === null ? {} : { quantization }) },
    },
    [...facts.problems, ...beside.problems],
  );
}

export async function lookAtSafetensors(
  choice: SafetensorsChoice,
  files: readonly HubFile[],
  looking: Looking,
): Promise<Checked<Looked>> {
  const { client, commit, name } = looking;
  let weights = choice.weights;
  if (choice.index !== null) {
    if (choice.index.bytes > indexBytesMax) return refused(tooLarge(choice.index, name));
    const index = await client.smallFile(commit, choice.index, indexBytesMax);
    const named = weightsOfIndex(Buffer.from(index).toString('utf8'), files, name);
    if (!named.ok) return named;
    weights = named.value;
  }
  const facts = await safetensorsFacts(weights ?? [], looking);
  if (!facts.ok) return facts;
  const config = choice.companions.find(({ path }) => path === 'config.json');
  const listed = await withDigests([...(weights ?? []), ...choice.companions], looking);
  if (!listed.ok) return listed;
  const configured = config === undefined ? {} : await readConfig(config, looking);
  return checked({ files: listed.value, facts: { ...facts.value, ...configured } });
}

async function ggufFacts(file: HubFile, looking: Looking): Promise<Checked<ArtifactFacts>> {
  const start = startOf(file, { firstBytes: ggufFirstBytes, bytesMax: headerBytesMax }, looking);
  return readHeader(start, forMessages(file, looking));
}

const forMessages = ({ path, bytes }: HubFile, { name }: Looking) => ({
  name: `${path} of ${name}`,
  bytes,
});

/**
 * The beginning of a file in parts, each as long as all before it: a header ends somewhere in it,
 * and a part that is read to its end keeps the connection, which one that is cancelled would not.
 */
async function* startOf(
  file: HubFile,
  { firstBytes, bytesMax }: { readonly firstBytes: number; readonly bytesMax: number },
  { client, commit, name, signal, clock }: Looking,
): AsyncGenerator<Uint8Array> {
  const redirects = rememberRedirects(clock);
  const end = Math.min(file.bytes, bytesMax);
  let start = 0;
  for (let next = firstBytes; start < end; next = start * 2) {
    const range = { start, end: Math.min(next, end) - 1 };
    const opened = await client.readFile(commit, file, { range, signal, redirects });
    if (opened.start !== start) {
      await discard(opened.bytes);
      throw new ProblemError(badAnswer(name, `It sends ${file.path} whole, not in parts.`));
    }
    const before = start;
    for await (const chunk of opened.bytes) {
      start += chunk.length;
      yield chunk;
    }
    if (start === before) return;
  }
}

/** Of all weights together: every header is read, each of them must be sound. */
async function safetensorsFacts(
  weights: readonly HubFile[],
  looking: Looking,
): Promise<Checked<ArtifactFacts>> {
  const bounds = { firstBytes: safetensorsFirstBytes, bytesMax: safetensorsBytesMax };
  const headers = await mapBounded(weights, readsAtOnceMax, async (file) =>
    readSafetensors(startOf(file, bounds, looking), forMessages(file, looking)),
  );
  let parameters = 0;
  const bytesByType = new Map<string, number>();
  for (const header of headers) {
    if (!header.ok) return header;
    parameters += header.value.parameters;
    for (const [type, bytes] of header.value.bytesByType) {
      bytesByType.set(type, (bytesByType.get(type) ?? 0) + bytes);
    }
  }
  const [most] = [...bytesByType].toSorted(([, a], [, b]) => b - a);
  return checked({
    format: 'safetensors',
    ...(most === undefined ? {} : { quantization: most[0] }),
    ...(parameters > 0 && Number.isSafeInteger(parameters) ? { parameters } : {}),
  });
}

/** The header does not know the mixes of Unsloth, whose names are all that tells. */
function quantizationOf({ path }: HubFile, { quantization, format }: ArtifactFacts): string | null {
  if (format === undefined) return null;
  const named = quantizationIn(path);
  if (named !== null && /^UD-|_XL$/.test(named)) return named;
  return quantization ?? named;
}

async function withDigests(
  files: readonly HubFile[],
  { client, commit, name }: Looking,
): Promise<Checked<readonly ArtifactFile[]>> {
  const large = files.find(({ digest, bytes }) => digest === null && bytes > smallBytesMax);
  if (large !== undefined) return refused(tooLarge(large, name));
  return checked(
    await mapBounded(files, readsAtOnceMax, async (file) => {
      const { path, bytes } = file;
      if (file.digest !== null) return { path, bytes, digest: file.digest };
      const digest = sha256Text(await client.smallFile(commit, file, smallBytesMax));
      return { path, bytes, digest, gitSha1: file.gitHash };
    }),
  );
}

async function readConfig(file: HubFile, { client, commit }: Looking): Promise<ArtifactFacts> {
  if (file.bytes > smallBytesMax) return {};
  const bytes = await client.smallFile(commit, file, smallBytesMax);
  const config = parseObject(Buffer.from(bytes).toString('utf8')) ?? {};
  const text = isObject(config['text_config']) ? config['text_config'] : {};
  const architecture = config['model_type'];
  const contextLength = config['max_position_embeddings'] ?? text['max_position_embeddings'];
  return {
    ...(typeof architecture === 'string' && /^[\w.+-]{1,64}$/.test(architecture)
      ? { architecture }
      : {}),
    ...(typeof contextLength === 'number' &&
    Number.isSafeInteger(contextLength) &&
    contextLength > 0
      ? { contextLength }
      : {}),
  };
}

const tooLarge = ({ path, bytes }: HubFile, name: string): Problem =>
  errorProblem({
    code: 'source/too-large',
    summary: 'A source sends more than it may',
    detail: `${path} of ${name} has ${bytes} bytes, and the Hub tells no sha256 of it.`,
    remedy: 'Name another file; large ones stand in the large file storage of the Hub.',
  });
