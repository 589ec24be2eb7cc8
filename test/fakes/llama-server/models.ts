// The models of the fake router: what is listed, what runs, which of it gives way. As
// tools/server/server-models.cpp does it, with processes that only exist in here.
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sayingOf } from '../ollama/content.ts';
import { type Options, readPresets } from './preset-file.ts';

export type State = 'unloaded' | 'loading' | 'loaded' | 'sleeping';

export interface Model {
  readonly id: string;
  options: Options;
  aliases: string[];
  tags: string[];
  state: State;
  exitCode: number;
  /** Requests that it works on. */
  busy: number;
  lastUsed: number;
  /** What it was started with. */
  running: { readonly bytes: number; readonly says: string; readonly contextLength: number } | null;
}

export interface RouterFlags {
  readonly preset: string;
  /** 0: without a limit. */
  readonly modelsMax: number;
  /** Of its own command line: they win over every preset. */
  readonly options: Options;
  readonly loadMs: number;
}

export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const modelContext = 2048;

export class Models {
  readonly all = new Map<string, Model>();
  readonly #flags: RouterFlags;
  readonly #tell: (event: object) => void;
  #clock = 0;
  /** A reload that failed half way leaves it set: nothing more is loaded until one succeeds. */
  #isReloading = false;

  constructor(flags: RouterFlags, tell: (event: object) => void) {
    this.#flags = flags;
    this.#tell = tell;
    for (const [id, options] of this.#read()) this.#add(id, options);
    const onStart = [...this.all.values()].filter(
      (one) => one.options.get('load-on-startup') === 'true',
    );
    if (onStart.length > flags.modelsMax) {
      throw new Error(
        `number of models to load on startup (${onStart.length}) exceeds models_max (${flags.modelsMax})`,
      );
    }
    for (const { id } of onStart) void this.load(id);
  }

  find(name: string): Model | undefined {
    return this.all.get(name) ?? [...this.all.values()].find((one) => one.aliases.includes(name));
  }

  /** What runs with other options than these now say is ended; what is new is not loaded. */
  reload(): void {
    const presets = this.#read();
    this.#isReloading = true;
    for (const model of this.all.values()) {
      const options = presets.get(model.id);
      const isChanged = options === undefined || textOf(options) !== textOf(model.options);
      if (model.state !== 'unloaded' && isChanged) this.#end(model, 0);
    }
    for (const id of this.all.keys()) if (!presets.has(id)) this.all.delete(id);
    for (const model of this.all.values()) {
      if (model.state !== 'unloaded') continue;
      model.options = presets.get(model.id) ?? model.options;
      model.aliases = listed(model.options.get('alias')).filter((alias) => !this.all.has(alias));
      model.tags = listed(model.options.get('tags'));
      model.exitCode = 0;
    }
    for (const [id, options] of presets) if (!this.all.has(id)) this.#add(id, options);
    this.#isReloading = false;
    this.#tell({ model: '*', event: 'models_reload' });
  }

  /** Resolves when its process runs, not when it is ready. */
  async load(name: string): Promise<void> {
    const model = this.find(name);
    if (model === undefined) throw new Refusal(404, 'File Not Found');
    if (model.state !== 'unloaded') throw new Refusal(400, 'model is already running');
    while (this.#isReloading) await sleep(10);
    this.#giveWay();
    if (this.#isFull()) throw new Refusal(500, 'model limit reached, try again later');
    model.state = 'loading';
    model.lastUsed = this.#clock += 1;
    this.#tell({ model: model.id, event: 'model_status', data: { status: 'loading' } });
    void this.#ready(model);
  }

  unload(name: string): void {
    const model = this.find(name);
    if (model === undefined) throw new Refusal(400, 'model is not found');
    if (model.state === 'unloaded') throw new Refusal(400, 'model is not running');
    // Its process ends a little later than the answer.
    setTimeout(() => this.#end(model, 0), 20).unref();
  }

  use(model: Model): void {
    model.lastUsed = this.#clock += 1;
  }

  crash(id: string, exitCode: number): void {
    const model = this.all.get(id);
    if (model !== undefined) this.#end(model, exitCode);
  }

  async #ready(model: Model): Promise<void> {
    this.#progress(model, 0);
    await sleep(this.#flags.loadMs);
    if (model.state !== 'loading') return;
    const running = started(model.options);
    if (running === null) return this.#end(model, 1);
    this.#progress(model, 1);
    Object.assign(model, { running, state: 'loaded', exitCode: 0 });
    this.#tell({ model: model.id, event: 'status_change', data: { status: 'loaded' } });
  }

  #progress(model: Model, value: number): void {
    const progress = { stages: ['text_model'], current: 'text_model', value };
    this.#tell({ model: model.id, event: 'status_change', data: { status: 'loading', progress } });
  }

  #end(model: Model, exitCode: number): void {
    if (model.state === 'unloaded') return;
    Object.assign(model, { state: 'unloaded', exitCode, running: null, busy: 0 });
    const data = { status: 'unloaded', exit_code: exitCode };
    this.#tell({ model: model.id, event: 'status_change', data });
  }

  /** The idle one that was used longest ago goes, by number and never by memory. */
  #giveWay(): void {
    if (!this.#isFull()) return;
    const idle = [...this.all.values()].filter(
      ({ state, busy }) => busy === 0 && (state === 'loaded' || state === 'sleeping'),
    );
    const [victim] = idle.toSorted((a, b) => a.lastUsed - b.lastUsed);
    if (victim !== undefined) this.#end(victim, 0);
  }

  #isFull(): boolean {
    const running = [...this.all.values()].filter(({ state }) => state !== 'unloaded');
    return this.#flags.modelsMax > 0 && running.length >= this.#flags.modelsMax;
  }

  #read(): ReadonlyMap<string, Options> {
    const { global, models } = readPresets(this.#flags.preset);
    return new Map(
      [...models].map(([id, options]) => [
        id,
        new Map([...global, ...options, ...this.#flags.options]),
      ]),
    );
  }

  #add(id: string, options: Options): void {
    const aliases = listed(options.get('alias'));
    for (const alias of aliases) {
      if (this.find(alias) !== undefined) {
        throw new Error(`alias '${alias}' for model '${id}' conflicts with existing model name`);
      }
    }
    if (this.find(id) !== undefined) throw new Error(`model name '${id}' conflicts with alias`);
    const tags = listed(options.get('tags'));
    const still = { state: 'unloaded', exitCode: 0, busy: 0, lastUsed: 0, running: null } as const;
    this.all.set(id, { id, options, aliases, tags, ...still });
  }
}

/** Null when its process would end: files that are not there, or are no models. */
function started(options: Options): Model['running'] {
  const model = options.get('model') ?? '';
  const files = [
    options.get('mmproj'),
    options.get('chat-template-file'),
    ...listed(options.get('lora')),
  ];
  if (!existsSync(model) || files.some((path) => path !== undefined && !existsSync(path)))
    return null;
  const bytes = readFileSync(model);
  if (bytes.subarray(0, 4).toString('latin1') !== 'GGUF') return null;
  const total = Number(options.get('ctx-size') ?? modelContext);
  const contextLength = Math.ceil(total / Number(options.get('parallel') ?? 1));
  return { bytes: bytes.length, says: sayingOf(bytes, ''), contextLength };
}

/** Host, port and alias do not count. */
const textOf = (options: Options): string =>
  JSON.stringify(
    [...options].filter(([key]) => key !== 'alias').toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

const listed = (value: string | undefined): string[] =>
  (value ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
