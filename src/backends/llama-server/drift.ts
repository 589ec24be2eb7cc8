// What is in force on a llama-server though modelctl did not ask for it: options of its own command
// line, which win over every preset, files that each of its programs reads, and a context that became
// smaller than was asked for. Told, and never fought over.
import { posix } from 'node:path';
import { type Problem, warningProblem } from '../../core/problem.ts';
import type { Io } from '../../io/io.ts';
import { isLoopbackEndpoint } from '../endpoint.ts';
import { parseSections } from './preset.ts';
import type { Router } from './router.ts';
import type { ServedSection } from './sections.ts';
import type { ListedModel } from './translate.ts';

/** Options that the server does not tell, or tells in its own way. */
const untold: ReadonlySet<string> = new Set(['alias', 'tags', 'load-on-startup']);

export function overridden(
  { engine }: Router,
  { served, options }: ServedSection,
  model: ListedModel,
): readonly Problem[] {
  const differing = [...options].filter(([key, value]) => {
    const actual = model.options.get(key);
    return !untold.has(key) && actual !== undefined && actual !== value;
  });
  if (differing.length === 0) return [];
  const list = differing
    .map(([key, value]) => `${key} ${model.options.get(key)} instead of ${value}`)
    .join(', ');
  return [
    warningProblem({
      code: 'backend/overridden',
      summary: 'An engine overrides what a Model asks for',
      detail: `${engine.label} runs ${served} with ${list}: its own command line wins over all presets.`,
      remedy: 'Start the server without these flags, or declare the same in the Model.',
    }),
  ];
}

/** Fitting into memory, and what a model was trained for, make it smaller without an error. */
export function shortened(
  { engine }: Router,
  served: string,
  wanted: number | undefined,
  { contextLength, trainedContextLength }: ListedModel,
): readonly Problem[] {
  if (wanted === undefined || contextLength === null) return [];
  const possible = Math.min(wanted, trainedContextLength ?? wanted);
  if (contextLength >= possible) return [];
  return [
    warningProblem({
      code: 'backend/context-shortened',
      summary: 'A model runs with less context than was asked for',
      detail: `${engine.label} runs ${served} with ${contextLength} tokens of context, not ${possible}: it did not fit into memory, or the server was told otherwise.`,
      remedy: 'Ask for less in spec.runtime.contextLength, or make room.',
    }),
  ];
}

const configBytesMax = 1024 * 1024;

/** Read by every llama.cpp program at its start, where this user can see them. */
export async function hiddenSettings({ engine }: Router, io: Io): Promise<readonly Problem[]> {
  if (!isLoopbackEndpoint(engine.endpoint) || io.environment.platform === 'win32') return [];
  const { environment, files } = io;
  const config =
    environment.get('XDG_CONFIG_HOME') ?? posix.join(environment.homeFolder, '.config');
  const paths = ['/etc/llama.cpp/config.ini', posix.join(config, 'llama.cpp', 'config.ini')];
  const problems: Problem[] = [];
  for (const path of paths) {
    // Absent for nearly everybody, and no business of ours where it may not be read.
    const bytes = await files.readBytes(path, configBytesMax).catch(() => null);
    if (bytes === null) continue;
    const text = `[default]\n${Buffer.from(bytes).toString('utf8')}`;
    const keys = parseSections(text).flatMap(({ options }) => [...options.keys()]);
    if (keys.length > 0) problems.push(setElsewhere(path, keys));
  }
  return problems;
}

const setElsewhere = (path: string, keys: readonly string[]): Problem =>
  warningProblem({
    code: 'backend/set-elsewhere',
    summary: 'A file sets options of all models of llama.cpp',
    detail: `${path} sets ${[...new Set(keys)].join(', ')} for every model whose Model says nothing of it.`,
    remedy: 'Move what is meant for one model into its Model, where it is seen.',
  });
