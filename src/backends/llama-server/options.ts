// What modelctl asks of a model, as the keys of a preset. Pure. Each key is the last spelling that the
// server has of it, which is the one in which it tells its effective options.
import type { LoadOptions, ParameterValue } from '../../core/desired.ts';
import { type ParameterChecks, parameterChecks } from '../images/parameters.ts';

export type Options = readonly (readonly [key: string, value: string])[];

/** With slots of its own, each has its part of the context; without, all share it. */
export function loadKeys(load: LoadOptions): Options {
  const { contextLength, parallel, gpuLayers, threads, kvCacheType, flashAttention } = load;
  return [
    ...option(
      'ctx-size',
      contextLength === undefined ? undefined : contextLength * (parallel ?? 1),
    ),
    ...option('parallel', parallel),
    ...option('n-gpu-layers', gpuLayers),
    ...option('threads', threads),
    ...option('cache-type-k', kvCacheType),
    ...option('cache-type-v', kvCacheType),
    ...option('flash-attn', flashAttention === undefined ? undefined : onOff(flashAttention)),
    ...option('sleep-idle-seconds', idleSeconds(load)),
    ...Object.entries(load.flags ?? {}).map(([key, value]) => [key, String(value)] as const),
  ];
}

const onOff = (value: boolean): string => (value ? 'on' : 'off');

/** The server counts whole seconds and has no 0. */
const idleSeconds = ({ keepAliveMs }: LoadOptions): number | undefined =>
  typeof keepAliveMs === 'number' ? Math.max(1, Math.ceil(keepAliveMs / 1000)) : undefined;

const option = (key: string, value: string | number | undefined): Options =>
  value === undefined ? [] : [[key, String(value)]];

const sampling: Readonly<Record<string, string>> = {
  temperature: 'temperature',
  top_k: 'top-k',
  top_p: 'top-p',
  min_p: 'min-p',
  seed: 'seed',
  repeat_penalty: 'repeat-penalty',
  frequency_penalty: 'frequency-penalty',
  presence_penalty: 'presence-penalty',
  num_predict: 'n-predict',
};

/** Those of the parameters of recipes that the server takes as defaults. */
export const servedParameters: ParameterChecks = Object.fromEntries(
  Object.entries(parameterChecks).filter(([name]) => name in sampling),
);

export const samplingKeys = (
  parameters: Readonly<Record<string, ParameterValue>> | undefined,
): Options =>
  Object.entries(parameters ?? {}).flatMap(([name, value]) => {
    const key = sampling[name];
    return key === undefined ? [] : [[key, String(value)] as const];
  });
