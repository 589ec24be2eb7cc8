// What can go wrong between modelctl and a llama-server, as problems. Pure.
import { errorProblem, type Problem } from '../../core/problem.ts';
import type { Dialect } from '../exchange.ts';
import { errorText } from '../wire-failures.ts';

/** How a server is started so that it serves what modelctl keeps for it. */
function startCommand(endpoint: string, preset: string | null): string {
  const { hostname, port } = new URL(endpoint);
  const host = hostname === '127.0.0.1' ? '' : ` --host ${hostname.replaceAll(/[[\]]/g, '')}`;
  return `llama-server --models-preset ${shown(preset ?? 'PATH')} --offline${host} --port ${port === '' ? '80' : port}`;
}

const shown = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;

/** The server does not start with a preset file that is not there. */
export function howToStart(endpoint: string, preset: string | null, isThere: boolean): string {
  const command = startCommand(endpoint, preset);
  if (preset === null || isThere) return `Start it so:\n\n    ${command}`;
  const folder = preset.slice(0, preset.lastIndexOf('/'));
  return `Make the file, and start it so:\n\n    mkdir -p ${shown(folder)} && touch ${shown(preset)}\n    ${command}`;
}

const said = (text: string): string => errorText(text).slice(0, 600);

export const dialect = (start: string): Dialect => ({
  start,
  answerFailure: (engine, doing, { status, type, text }) => {
    if (status === 401) return unauthorized(engine);
    if (status === 503) return loading(engine);
    if (type.includes('html') || text.trimStart().startsWith('<')) return notLlamaServer(engine);
    if (/model limit reached/.test(text)) return noSlot(engine, doing);
    return errorProblem({
      code: 'backend/engine-failed',
      summary: 'The engine reports an error',
      detail: `${engine} could not ${doing}: ${said(text) || `status ${status}`}`,
      remedy: "Look into the engine's own log for more.",
      retry: status >= 500 ? 'later' : 'never',
    });
  },
});

const unauthorized = (engine: string): Problem =>
  errorProblem({
    code: 'backend/unauthorized',
    summary: 'The engine, or a proxy before it, wants a token',
    detail: `${engine} answered 401: it was started with --api-key.`,
    remedy: 'Name the key in the Backend: spec.auth.bearer with {env: NAME} or {file: PATH}.',
    retry: 'later',
  });

const loading = (engine: string): Problem =>
  errorProblem({
    code: 'backend/busy',
    summary: 'The engine is busy',
    detail: `${engine} is still loading its model.`,
    remedy: 'Apply again when it is ready.',
    retry: 'later',
  });

const noSlot = (engine: string, doing: string): Problem =>
  errorProblem({
    code: 'backend/no-slot',
    summary: 'The engine has as many models in memory as it may',
    detail: `${engine} could not ${doing}: all of its places (--models-max) are taken by models that are in use.`,
    remedy: 'Apply again when one of them is idle, or start the server with a higher --models-max.',
    retry: 'later',
  });

const notLlamaServer = (engine: string): Problem =>
  errorProblem({
    code: 'backend/not-llama-server',
    summary: 'Something else than a llama-server answers there',
    detail: `${engine}: it answered with a page, as proxies and web sites do.`,
    remedy: 'Correct spec.endpoint of the Backend.',
    retry: 'later',
  });

export const singleModel = (engine: string, model: string | null, start: string): Problem =>
  errorProblem({
    code: 'backend/single-model',
    summary: 'A llama-server serves one model and is no router',
    detail: `${engine} was started with a model of its own${model === null ? '' : ` (${model})`}. What it serves is changed only through its service.`,
    remedy: `To let modelctl say what it serves, start it without a model. ${start}`,
    retry: 'later',
  });

export const tooOld = (engine: string, lacks: string): Problem =>
  errorProblem({
    code: 'backend/engine-too-old',
    summary: 'The engine is too old',
    detail: `${engine} has no ${lacks}.`,
    remedy: 'Upgrade llama.cpp on that machine to a release of 2026 or later, and start it again.',
    retry: 'never',
  });

/** `isThere`: the preset file. */
export const presetNotRead = (engine: string, preset: string, start: string): Problem =>
  errorProblem({
    code: 'backend/preset-not-read',
    summary: 'A llama-server runs without the presets of modelctl',
    detail: `${engine} does not serve what stands in ${preset}.`,
    remedy: start,
    retry: 'later',
  });

export const noSharedStore = (engine: string): Problem =>
  errorProblem({
    code: 'backend/no-shared-folder',
    summary: 'A llama-server on another machine cannot open files of this one',
    detail: `${engine} is on another machine, and it is not said where both see the same files.`,
    remedy: 'Name a folder that both see under one path in spec.files.path of the Backend.',
    retry: 'later',
  });

export const presetRefused = (engine: string, preset: string, detail: string): Problem =>
  errorProblem({
    code: 'backend/preset-refused',
    summary: 'A llama-server does not accept its presets',
    detail: `${engine} did not accept ${preset}, which was put back as it was: ${detail}`,
    remedy: 'Correct what it names: a section of others in that file, or a flag in the Model.',
    retry: 'never',
  });

export const sectionTaken = (preset: string, name: string): Problem =>
  errorProblem({
    code: 'backend/name-taken',
    summary: 'A name is taken by a section of somebody else',
    detail: `${preset} has a section of its own for ${name}, outside what modelctl writes.`,
    remedy: 'Remove that section, or give the Model another servedName.',
    retry: 'never',
  });

export const busyModel = (name: string): Problem =>
  errorProblem({
    code: 'backend/in-use',
    summary: 'The model is in use',
    detail: `${name} answers a request, and what is to be done would end it.`,
    remedy: 'Apply again when it is idle.',
    retry: 'later',
  });

/** The code is 1 for a process that was killed, too, so it does not tell what may pass by itself. */
export const loadFailed = (engine: string, name: string, exitCode: number): Problem =>
  errorProblem({
    code: 'backend/load-failed',
    summary: 'A model cannot be loaded',
    detail: `${engine} started a process for ${name}, which ended with exit code ${exitCode}.`,
    remedy:
      "Why stands in the server's own output, which has that of its models: its terminal, or the journal of its service.",
  });

export const stuck = (engine: string, doing: string, limitMs: number): Problem =>
  errorProblem({
    code: 'backend/stalled',
    summary: 'The engine has gone silent',
    detail: `${engine} was to ${doing}, and nothing changed for ${Math.round(limitMs / 1000)} seconds.`,
    remedy: "Look into the engine's own log, then apply again.",
    retry: 'later',
  });

export const unloadedMeanwhile = (engine: string, name: string): Problem =>
  errorProblem({
    code: 'backend/unloaded-meanwhile',
    summary: 'A model was unloaded while it was being loaded',
    detail: `${engine} began to load ${name}, and somebody or something else ended that.`,
    remedy: 'Apply again.',
    retry: 'later',
  });
