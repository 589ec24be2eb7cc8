// What the engine process and its clients say to each other, over loopback HTTP and through the
// state file. Plain data; both sides import it, and neither imports the other.
import { sameJson } from '../core/canonical.ts';
import type { LoadOptions } from '../core/desired.ts';
import type { Digest } from '../core/digest.ts';
import type { Problem } from '../core/problem.ts';

/** How a client finds a running engine. Written by the engine when it listens, mode 0600. */
export interface EngineState {
  readonly pid: number;
  /** `Processes.startOf` of the pid, so that a reused pid is not taken for the engine. */
  readonly start: string | null;
  readonly port: number;
  /** Sent as a bearer token with every request. Never printed. */
  readonly token: string;
  /** The engine's release of modelctl. */
  readonly version: string;
  /** Absolute path of the store that it serves from. */
  readonly store: string;
}

/** A name that keeps a model in memory, until when. */
export interface HoldStatus {
  readonly name: string;
  readonly expiresAt: number | 'never';
}

/** Weights in memory, in a process of their own; all names over the same files share them. */
export interface RunningModel {
  /** Digests of the files, in the manifest's order, adapters last: which content this is. */
  readonly files: readonly Digest[];
  readonly state: 'loading' | 'ready';
  readonly pid: number | null;
  /** As asked for. */
  readonly load: LoadOptions;
  /** As it turned out; null while loading. */
  readonly actual: ActualOptions | null;
  readonly holds: readonly HoldStatus[];
  /** Requests being answered, and requests waiting for that. */
  readonly inFlight: number;
  readonly waiting: number;
  readonly memory: MemoryUse;
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number;
}

export interface ActualOptions {
  /** In tokens, per slot; llama.cpp rounds it up. */
  readonly contextLength: number;
  readonly trainedContextLength: number;
  readonly gpuLayers: number;
  readonly threads: number;
  readonly parallel: number;
  /** `false` without one, else its kind: `cuda`, `vulkan`, `metal`. */
  readonly gpu: string | false;
  readonly purpose: 'chat' | 'embedding';
}

/** In bytes. */
export interface MemoryUse {
  /** Resident memory of the model's process, as the system counts it. */
  readonly residentBytes: number;
  /** llama.cpp's own accounting. */
  readonly llamaBytes: number;
  readonly vramBytes: number;
}

/** A model's process that ended by itself. Newest last. */
export interface Crash {
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `SIGABRT`, or `exit code 134`. */
  readonly how: string;
}

export interface EngineStatus {
  readonly pid: number;
  readonly version: string;
  readonly store: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Resident memory of the engine itself, without its models. */
  readonly residentBytes: number;
  readonly models: readonly RunningModel[];
  readonly crashes: readonly Crash[];
}

/** Body of `POST /api/load`. The answer is one LoadEvent per line. */
export interface LoadRequest {
  readonly name: string;
  readonly load: LoadOptions;
}

export type LoadEvent =
  /** From 0 to 1; also sent while nothing moves, so that silence means that the engine is gone. */
  | { readonly status: 'loading'; readonly fraction: number }
  | { readonly status: 'loaded'; readonly model: RunningModel }
  | { readonly status: 'failed'; readonly problem: Problem };

/** Body of `POST /api/unload`. */
export interface UnloadRequest {
  readonly name: string;
  /** True: let go once no request is in flight. False: refuse (409) while one is. */
  readonly whenIdle: boolean;
}

export interface UnloadAnswer {
  /** False when the name kept nothing in memory. */
  readonly unloaded: boolean;
}

/** Body of every answer under /api that is not 2xx. */
export interface ErrorAnswer {
  readonly error: Problem;
}

/** Longest silence within the answer to a load. */
export const loadHeartbeatMs = 2_000;

/** Names of what the engine keeps in its folder. */
export const engineFiles = {
  state: 'engine.json',
  log: 'engine.log',
  lock: 'engine.lock',
} as const;

/** First arguments of the program: the engine itself, or one model's process. */
export type EngineMode = 'serve' | 'runner';

/** Whether a model that runs with `a` is as `b` asks: how long it stays is no reason to reload. */
export const sameRun = (a: LoadOptions, b: LoadOptions): boolean =>
  sameJson({ ...a, keepAliveMs: undefined }, { ...b, keepAliveMs: undefined });
