// What the supervisor of an engine and those who start it say to each other through the files of one
// folder. Plain data. Secrets are references here: their values are read when the engine is started.
import type { SecretReference } from '../core/backend-reference.ts';
import { isObject } from '../core/json-object.ts';

export const supervisorFiles = {
  /** What is to be started. Written by whoever sets the engine up. */
  settings: 'settings.json',
  /** The settings that worked last, while others are tried. */
  former: 'settings.former.json',
  /** What runs. Written by the supervisor. */
  state: 'state.json',
  log: 'engine.log',
  /** What the supervisor itself says when it ends in a way that it should not. */
  ownLog: 'supervisor.log',
} as const;

export interface EngineSettings {
  /** metadata.name of the Backend: how people call it. */
  readonly name: string;
  /** Where the engine is to answer. */
  readonly endpoint: string;
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | SecretReference>>;
}

/** A process, so that a number that is used again is not taken for it. */
export interface Mark {
  readonly pid: number;
  readonly start: string | null;
}

export type SupervisorPhase =
  | 'running'
  /** It ended, and is started again after a wait. */
  | 'waiting'
  /** The same, and it has ended so often that somebody should look. */
  | 'crash-loop';

export interface SupervisorState {
  readonly supervisor: Mark;
  /** The engine's process, which leads a group of its own; null while none runs. */
  readonly engine: Mark | null;
  /** What it was started as. */
  readonly program: string;
  readonly arguments: readonly string[];
  readonly phase: SupervisorPhase;
  /** Milliseconds since the epoch; of the engine that runs, or ran last. */
  readonly startedAt: number;
  /** How often it had to be started again since it was healthy for long. */
  readonly failures: number;
  /** How it ended last, as in `exit code 1`; null when it never did. */
  readonly lastEnd: string | null;
}

/** Null for what is none, or was cut off: then nothing is known of it. */
export function parseSettings(text: string): EngineSettings | null {
  const value = parsed(text);
  if (value === null) return null;
  const { name, endpoint, program, arguments: given, environment } = value;
  if (typeof name !== 'string' || typeof endpoint !== 'string') return null;
  if (typeof program !== 'string' || !isTexts(given) || !isObject(environment)) return null;
  const variables = Object.entries(environment);
  if (!variables.every(([, one]) => isValue(one))) return null;
  const values = Object.fromEntries(variables) as EngineSettings['environment'];
  return { name, endpoint, program, arguments: given, environment: values };
}

export function parseState(text: string): SupervisorState | null {
  const value = parsed(text);
  if (value === null) return null;
  const { supervisor, engine, program, phase, startedAt, failures, lastEnd } = value;
  const given = value['arguments'];
  if (!isMark(supervisor) || !(engine === null || isMark(engine))) return null;
  if (phase !== 'running' && phase !== 'waiting' && phase !== 'crash-loop') return null;
  if (typeof startedAt !== 'number' || typeof failures !== 'number') return null;
  if (typeof program !== 'string' || !isTexts(given)) return null;
  const end = typeof lastEnd === 'string' ? lastEnd : null;
  return {
    supervisor,
    engine,
    program,
    arguments: given,
    phase,
    startedAt,
    failures,
    lastEnd: end,
  };
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

const isValue = (value: unknown): boolean =>
  typeof value === 'string' ||
  (isObject(value) && (typeof value['env'] === 'string' || typeof value['file'] === 'string'));

const isMark = (value: unknown): value is Mark =>
  isObject(value) &&
  Number.isSafeInteger(value['pid']) &&
  Number(value['pid']) > 1 &&
  (value['start'] === null || typeof value['start'] === 'string');
