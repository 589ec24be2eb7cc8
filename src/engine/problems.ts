// Every way in which the engine refuses or fails, in one place: what clients are told, and with
// which status. Pure.
import { errorProblem, type Problem } from '../core/problem.ts';

export const unknownModel = (name: string): Problem =>
  errorProblem({
    code: 'engine/unknown-model',
    summary: 'The engine has no such model',
    detail: `There is no model named ${name} in the engine's store.`,
    remedy: 'See which there are:\n\n    modelctl get',
  });

export const damagedModel = (name: string): Problem =>
  errorProblem({
    code: 'engine/damaged-model',
    summary: 'Files of the model are missing',
    detail: `Not everything that ${name} consists of is in the engine's store.`,
    remedy: 'Apply again: what is missing is brought back.',
    retry: 'later',
  });

export const badRequest = (detail: string): Problem =>
  errorProblem({
    code: 'engine/bad-request',
    summary: 'The engine cannot take the request',
    detail,
  });

export const tooLarge = (bytesMax: number): Problem =>
  errorProblem({
    code: 'engine/too-large',
    summary: 'The request is too large',
    detail: `The body of a request may have ${bytesMax} bytes.`,
  });

export const contextExceeded = (promptTokens: number, contextLength: number): Problem =>
  errorProblem({
    code: 'engine/context-exceeded',
    summary: 'The prompt does not fit into the context',
    detail: `The prompt has ${promptTokens} tokens, and the model runs with a context of ${contextLength}.`,
    remedy: 'Shorten the conversation, or raise spec.runtime.contextLength of the Model.',
  });

export const busy = (detail: string): Problem =>
  errorProblem({
    code: 'backend/busy',
    summary: 'The engine is busy',
    detail,
    remedy: 'Try again when it has fewer requests waiting.',
    retry: 'later',
  });

export const inUse = (name: string): Problem =>
  errorProblem({
    code: 'backend/in-use',
    summary: 'The model is in use',
    detail: `${name} is answering requests right now, and was left as it is.`,
    remedy: 'It is done when the requests have ended: apply again.',
    retry: 'later',
  });

export const crashed = (how: string): Problem =>
  errorProblem({
    code: 'engine/crashed',
    summary: 'The process of the model ended unexpectedly',
    detail: `The process that runs the model ended by itself (${how}).`,
    remedy: 'The next request or run loads it again; what led to it is in the log of the engine.',
    retry: 'later',
  });

export const stalled = (timeoutMs: number): Problem =>
  errorProblem({
    code: 'engine/stalled',
    summary: 'The process of the model does not answer',
    detail: `The process that runs the model said nothing for ${timeoutMs / 1000} s and was ended.`,
    retry: 'later',
  });

export const stopping: Problem = errorProblem({
  code: 'engine/stopping',
  summary: 'The engine is being stopped',
  detail: 'The engine no longer takes requests.',
  retry: 'later',
});

export const missingLibrary: Problem = errorProblem({
  code: 'engine/missing',
  summary: 'The embedded engine is not installed',
  detail: 'The embedded engine runs models with node-llama-cpp, which is not installed.',
  remedy: 'Install it beside modelctl:\n\n    npm install node-llama-cpp',
});

export const noBinary = (message: string): Problem =>
  errorProblem({
    code: 'engine/no-binary',
    summary: 'The embedded engine has no binary for this machine',
    detail: `node-llama-cpp found no prebuilt binary that runs here: ${message}`,
    remedy:
      'Install it anew on this machine, with optional packages:\n\n    npm install node-llama-cpp',
  });

export const outOfMemory = (message: string): Problem =>
  errorProblem({
    code: 'backend/out-of-memory',
    summary: 'The model does not fit into the memory that is free now',
    detail: message,
    remedy:
      'Unload something, or ask for less: a smaller contextLength, fewer gpuLayers, a smaller variant.',
    retry: 'later',
  });

export const loadFailed = (message: string): Problem =>
  errorProblem({
    code: 'engine/load-failed',
    summary: 'The model cannot be loaded',
    detail: message,
    remedy: 'See that the file is a GGUF model, and that its runtime options suit it.',
  });

export const badTemplate = (message: string): Problem =>
  errorProblem({
    code: 'backend/bad-template',
    summary: 'The engine does not accept the template',
    detail: `The chat template cannot be used: ${message}`,
    remedy: 'Correct spec.derive.template: the embedded engine takes Jinja templates.',
  });

const statuses: Readonly<Record<string, number>> = {
  'engine/unknown-model': 404,
  'engine/bad-request': 400,
  'engine/too-large': 413,
  'engine/context-exceeded': 400,
  'backend/bad-template': 400,
  'backend/in-use': 409,
  'backend/busy': 503,
  'backend/out-of-memory': 503,
  'engine/stopping': 503,
};

/** The HTTP status that goes with a problem. */
export const statusOf = (problem: Problem): number => statuses[problem.code] ?? 500;
