// Wire to core, pure: what the answers of a llama-server mean. One that cannot be understood in full is
// refused whole: a list with an unreadable entry is no shorter list.
import { isObject } from '../../core/json-object.ts';
import { MalformedAnswer } from '../malformed-answer.ts';
import { parseSections } from './preset.ts';

export type Props =
  | {
      readonly role: 'router';
      /** How many models may be in memory; null: as many as fit. */
      readonly slots: number | null;
      readonly build: string;
    }
  | { readonly role: 'single'; readonly model: string | null; readonly build: string };

type State = 'unloaded' | 'loading' | 'loaded' | 'sleeping' | 'downloading' | 'downloaded';

export interface ListedModel {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly tags: readonly string[];
  readonly state: State;
  /** Of a process that ended when it should not have. */
  readonly exitCode: number | null;
  /** The options that are in force, by their last long names. */
  readonly options: ReadonlyMap<string, string>;
  /** Of what is in memory: in tokens, per slot. */
  readonly contextLength: number | null;
  readonly trainedContextLength: number | null;
  readonly bytes: number | null;
}

export function readProps(body: unknown): Props {
  const props = fields(body, 'the answer');
  const {
    role,
    max_instances: slots,
    build_info: build,
    model_alias: alias,
    model_path: path,
  } = props;
  const version = typeof build === 'string' ? build : 'unknown';
  if (role === 'router') {
    const limit = typeof slots === 'number' && slots > 0 ? slots : null;
    return { role, slots: limit, build: version };
  }
  if (!('total_slots' in props || 'default_generation_settings' in props)) {
    throw new MalformedAnswer('It is not what llama-server sends.');
  }
  const model = [alias, path].find((one) => typeof one === 'string' && one !== '');
  return { role: 'single', model: typeof model === 'string' ? model : null, build: version };
}

export function readModels(body: unknown): readonly ListedModel[] {
  const { data } = fields(body, 'the answer');
  if (!Array.isArray(data)) throw new MalformedAnswer('It holds no list of models.');
  return data.map(readModel);
}

function readModel(value: unknown): ListedModel {
  const entry = fields(value, 'an entry of the list');
  const { id, aliases, tags } = entry;
  const status = fields(entry['status'], 'the status of a model');
  const meta = isObject(entry['meta']) ? entry['meta'] : {};
  const { value: state, exit_code: exitCode, failed, preset } = status;
  if (typeof id !== 'string' || id === '') throw new MalformedAnswer('A model has no id.');
  if (!isState(state)) throw new MalformedAnswer(`It tells no known state of ${id}.`);
  const [section] = typeof preset === 'string' ? parseSections(preset) : [];
  return {
    id,
    aliases: texts(aliases),
    tags: texts(tags),
    state,
    exitCode: failed === true ? (count(exitCode) ?? 0) : null,
    options: section?.options ?? new Map(),
    contextLength: count(meta['n_ctx']),
    trainedContextLength: count(meta['n_ctx_train']),
    bytes: count(meta['size']),
  };
}

const states: readonly string[] = [
  'unloaded',
  'loading',
  'loaded',
  'sleeping',
  'downloading',
  'downloaded',
];
const isState = (value: unknown): value is State =>
  typeof value === 'string' && states.includes(value);

export const isRunning = ({ state }: Pick<ListedModel, 'state'>): boolean =>
  state === 'loading' || state === 'loaded' || state === 'sleeping';

/** Of `/slots`: whether any of them works on a request. */
export function readInUse(body: unknown): boolean {
  if (!Array.isArray(body)) throw new MalformedAnswer('It holds no list of slots.');
  return body.some((slot) => isObject(slot) && slot['is_processing'] === true);
}

/** Of a line of `/models/sse`: which model something happened to; null for other lines. */
export function readEvent(line: string): string | null {
  if (!line.startsWith('data:')) return null;
  try {
    const event: unknown = JSON.parse(line.slice('data:'.length));
    return isObject(event) && typeof event['model'] === 'string' ? event['model'] : null;
  } catch {
    return null;
  }
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

const count = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : null;

function fields(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw new MalformedAnswer(`It is not what llama-server sends: ${what} is no object.`);
}
