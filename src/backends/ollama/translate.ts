// Wire to core, pure: what Ollama's answers mean. An answer that cannot be understood in full is
// refused whole: a list with an unreadable entry is no shorter list.
import type { LoadOptions, Recipe } from '../../core/desired.ts';
import { type Digest, isDigest, parseDigest } from '../../core/digest.ts';
import type { Details } from '../../core/observed.ts';
import { MalformedAnswer } from '../malformed-answer.ts';
import { isQuarantined, listedName, parseName } from './names.ts';
import { readParameters } from './parameters.ts';

export interface ListedModel {
  /** Canonical. */
  readonly name: string;
  readonly digest: Digest;
  /** Sum of its layers: those shared with other names are in here too. */
  readonly bytes: number;
  /** Milliseconds since the epoch: when its manifest was written; 0 where it does not tell. */
  readonly modifiedAt: number;
  /** In tokens; told since Ollama 0.30. */
  readonly trainedContextLength: number | undefined;
}

/** What is on disk, by canonical name. Stubs of cloud models hold no weights and are left out. */
export interface Listing {
  readonly models: ReadonlyMap<string, ListedModel>;
  /** Old contents of names that are, or were, being replaced. */
  readonly quarantine: readonly ListedModel[];
  /** How many stubs of cloud models were left out. */
  readonly hidden: number;
}

/** A runner in memory, under the name that started it. */
export interface Runner {
  readonly name: string;
  readonly digest: Digest;
  readonly memoryBytes: number;
  readonly vramBytes: number;
  /** Milliseconds since the epoch by the engine's clock. */
  readonly expiresAt: number;
  /** As it runs, cut to what the model was trained for; absent before Ollama 0.10. */
  readonly contextLength: number | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

export function readVersion(body: unknown): string {
  const { version } = fields(body, 'the answer');
  if (typeof version !== 'string') throw new MalformedAnswer('It tells no version.');
  return version;
}

export function readListing(body: unknown): Listing {
  const models = new Map<string, ListedModel>();
  const quarantine: ListedModel[] = [];
  let hidden = 0;
  for (const entry of entriesOf(body)) {
    const listed = readListed(entry);
    if (listed === null) {
      hidden += 1;
      continue;
    }
    if (isQuarantined(listed.name)) {
      quarantine.push(listed);
      continue;
    }
    if (models.has(listed.name)) {
      throw new MalformedAnswer(
        `It lists ${listed.name} twice; names are the same whatever their case, so one must go.`,
      );
    }
    models.set(listed.name, listed);
  }
  return { models, quarantine, hidden };
}

function readListed(entry: Fields): ListedModel | null {
  const text = entry['model'] ?? entry['name'];
  const name = typeof text === 'string' ? listedName(text) : null;
  if (name === null) throw new MalformedAnswer('It lists a model without a usable name.');
  if (typeof entry['remote_host'] === 'string' && entry['remote_host'] !== '') return null;
  const { details } = entry;
  const trained =
    typeof details === 'object' && details !== null ? contextOf(details as Fields) : undefined;
  return {
    name,
    digest: digestField(entry, name),
    bytes: numberField(entry, 'size', name),
    modifiedAt: Date.parse(String(entry['modified_at'])) || 0,
    trainedContextLength: trained,
  };
}

export function readRunners(body: unknown): readonly Runner[] {
  return entriesOf(body).map((entry) => {
    const text = entry['model'] ?? entry['name'];
    const name = typeof text === 'string' ? listedName(text) : null;
    if (name === null) throw new MalformedAnswer('It lists a loaded model without a usable name.');
    const expiresAt = Date.parse(String(entry['expires_at']));
    if (Number.isNaN(expiresAt)) {
      throw new MalformedAnswer(`It does not tell when ${name} expires.`);
    }
    return {
      name,
      digest: digestField(entry, name),
      memoryBytes: numberField(entry, 'size', name),
      vramBytes: numberField(entry, 'size_vram', name),
      expiresAt,
      contextLength: contextOf(entry),
    };
  });
}

const foreverMs = 100 * 365.25 * 24 * 3_600_000;

/** An endless keep_alive is told as a time 292 years ahead (Go's longest duration). */
export const expiry = (runner: Runner, nowMs: number): number | 'never' =>
  runner.expiresAt - nowMs > foreverMs ? 'never' : runner.expiresAt;

/** What a runner tells of the options that it runs with. */
export const runningOptions = ({ contextLength }: Runner): LoadOptions =>
  contextLength === undefined ? {} : { contextLength };

/** The body of `/api/show`. The weights stand in its modelfile only, as a path into the store. */
export function readDetails(body: unknown): Details {
  const shown = fields(body, 'the answer');
  const { modelfile, parameters, system, template } = shown;
  const commands = typeof modelfile === 'string' ? blobLines(modelfile) : [];
  const adapters = commands
    .filter(({ command }) => command === 'ADAPTER')
    .map(({ digest }) => ({ path: digest, digest }));
  const recipe: Recipe = {
    ...(isText(system) ? { system } : {}),
    ...(isText(template) ? { template } : {}),
    parameters: readParameters(isText(parameters) ? parameters : ''),
    ...(adapters.length > 0 ? { adapters } : {}),
  };
  const weights = commands.find(({ command }) => command === 'FROM')?.digest ?? null;
  return { weights, recipe };
}

/**
 * The files of a modelfile: the first FROM is the model, later ones are projectors
 * (server/images.go, Model.String). They stand before all text that users write.
 */
function blobLines(modelfile: string): readonly { command: string; digest: Digest }[] {
  const found: { command: string; digest: Digest }[] = [];
  for (const line of modelfile.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const command = line.slice(0, line.indexOf(' '));
    if (!['FROM', 'ADAPTER', 'DRAFT'].includes(command)) break;
    const digest = parseDigest(/[/\\]sha256-([0-9a-f]{64})"*$/.exec(line.trimEnd())?.[1] ?? '');
    if (digest !== null) found.push({ command, digest });
  }
  return found;
}

/** One event of a pull or create stream. */
export interface StreamEvent {
  readonly status: string;
  readonly digest: Digest | null;
  readonly totalBytes: number;
  readonly completedBytes: number;
  readonly error: string | null;
}

export function readStreamEvent(line: string): StreamEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new MalformedAnswer('A line of the stream is no JSON.');
  }
  const { status, digest, total, completed, error } = fields(value, 'a line of the stream');
  return {
    status: isText(status) ? status : '',
    digest: typeof digest === 'string' && isDigest(digest) ? digest : null,
    totalBytes: typeof total === 'number' ? total : 0,
    completedBytes: typeof completed === 'number' ? completed : 0,
    error: isText(error) ? error : null,
  };
}

/** `qwen3:8b` of `ollama://registry.ollama.ai/library/qwen3:8b`, spelled as the source spells it. */
export function nameOfSource(source: string): ReturnType<typeof parseName> {
  return source.startsWith(ollamaScheme) ? parseName(source.slice(ollamaScheme.length)) : null;
}

const ollamaScheme = 'ollama://';

function entriesOf(body: unknown): readonly Fields[] {
  const { models } = fields(body, 'the answer');
  // Go writes a list that was never filled as null.
  if (models === null) return [];
  if (!Array.isArray(models)) throw new MalformedAnswer('It holds no list of models.');
  return models.map((entry: unknown) => fields(entry, 'an entry of the list'));
}

function fields(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new MalformedAnswer(`It is not what Ollama sends: ${what} is no object.`);
}

function digestField(entry: Fields, name: string): Digest {
  const digest = typeof entry['digest'] === 'string' ? parseDigest(entry['digest']) : null;
  if (digest === null) throw new MalformedAnswer(`It tells no usable digest for ${name}.`);
  return digest;
}

function numberField(entry: Fields, field: string, name: string): number {
  const value = entry[field];
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new MalformedAnswer(`It tells no usable ${field} for ${name}.`);
}

function contextOf({ context_length: tokens }: Fields): number | undefined {
  return typeof tokens === 'number' && tokens > 0 ? tokens : undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
