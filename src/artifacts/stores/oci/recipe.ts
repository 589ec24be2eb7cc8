// What modelctl writes into annotations, read back: the recipe of a derived name, and the options
// that a client's own request loads it with. Pure. A store may hold what others wrote, so nothing
// is believed to have our shape: a field that has not is left out.
import type { EngineFlags, LoadOptions, ParameterValue, Recipe } from '../../../core/desired.ts';
import { isDigest } from '../../../core/digest.ts';
import { isObject, parseObject } from '../../../core/json-object.ts';

/** The recipe in an annotation's text; an empty one where there is none. */
export function parseRecipe(annotation: unknown): Recipe {
  if (typeof annotation !== 'string') return {};
  const { system, template, parameters, adapters } = parseObject(annotation) ?? {};
  return {
    ...(typeof system === 'string' ? { system } : {}),
    ...(typeof template === 'string' ? { template } : {}),
    ...(isObject(parameters) ? { parameters: parameterValues(parameters) } : {}),
    ...(Array.isArray(adapters) ? { adapters: adapters.flatMap(parseAdapter) } : {}),
  };
}

function parameterValues(
  parameters: Readonly<Record<string, unknown>>,
): Readonly<Record<string, ParameterValue>> {
  const known: Record<string, ParameterValue> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (isParameterValue(value)) known[name] = value;
  }
  return known;
}

const isParameterValue = (value: unknown): value is ParameterValue =>
  typeof value === 'number' ||
  typeof value === 'boolean' ||
  typeof value === 'string' ||
  (Array.isArray(value) && value.every((item) => typeof item === 'string'));

function parseAdapter(value: unknown): NonNullable<Recipe['adapters']> {
  if (!isObject(value)) return [];
  const { path, digest } = value;
  if (typeof path !== 'string' || typeof digest !== 'string' || !isDigest(digest)) return [];
  return [{ path, digest }];
}

/** The load options in an annotation's text; none where there is no annotation of ours. */
export function parseLoad(annotation: string | undefined): LoadOptions {
  return annotation === undefined ? {} : loadOptionsOf(parseObject(annotation) ?? {});
}

/** The load options among the fields of some JSON that is not ours. */
export function loadOptionsOf(fields: Readonly<Record<string, unknown>>): LoadOptions {
  const { contextLength, gpuLayers, threads, parallel, kvCacheType, flashAttention, keepAliveMs } =
    fields;
  const flags = flagsOf(fields['flags']);
  return {
    ...(isCount(contextLength) ? { contextLength } : {}),
    ...(isCount(gpuLayers) || gpuLayers === 'all' ? { gpuLayers } : {}),
    ...(isCount(threads) ? { threads } : {}),
    ...(isCount(parallel) ? { parallel } : {}),
    ...(typeof kvCacheType === 'string' ? { kvCacheType } : {}),
    ...(typeof flashAttention === 'boolean' ? { flashAttention } : {}),
    ...(isCount(keepAliveMs) || keepAliveMs === 'forever' ? { keepAliveMs } : {}),
    ...(Object.keys(flags).length === 0 ? {} : { flags }),
  };
}

function flagsOf(value: unknown): EngineFlags {
  const flags: Record<string, string | number | boolean> = {};
  for (const [name, flag] of Object.entries(isObject(value) ? value : {})) {
    if (typeof flag === 'string' || typeof flag === 'number' || typeof flag === 'boolean') {
      flags[name] = flag;
    }
  }
  return flags;
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
