// What went wrong, for people: Ollama's error texts, statuses and silences become problems with a
// stable code, a remedy and whether trying again can help. Pure.
import { errorProblem, type Problem } from '../../core/problem.ts';
import type { Dialect } from '../exchange.ts';
import { errorText } from '../wire-failures.ts';

interface Failure {
  readonly code: string;
  readonly summary: string;
  readonly remedy: string;
  readonly retry: Problem['retry'];
}

interface Pattern extends Failure {
  readonly pattern: RegExp;
}

// First match wins. The texts are Ollama's (server/images.go, download.go, sched.go) and those of
// Go's network and file errors that it passes on.
const patterns: readonly Pattern[] = [
  {
    pattern: /no space left|not enough (?:disk )?space|disk quota exceeded|ENOSPC/i,
    code: 'backend/disk-full',
    summary: 'The engine has no disk space left',
    remedy:
      'Free space where it keeps its models, then apply again. What was fetched is kept for a while.',
    retry: 'later',
  },
  {
    pattern: /requires a newer version of ollama|^pull model manifest: 412/i,
    code: 'backend/engine-too-old',
    summary: 'The model needs a newer Ollama',
    remedy: 'Upgrade Ollama on that machine, then apply again.',
    retry: 'never',
  },
  {
    pattern: /manifest: file does not exist|specified tag is not available|manifest unknown/i,
    code: 'backend/tag-not-found',
    summary: 'The registry has no such model or tag',
    remedy: 'Correct spec.source of the Model, or publish the tag again.',
    retry: 'never',
  },
  {
    pattern: /server gave HTTP response to HTTPS client/i,
    code: 'backend/registry-not-https',
    summary: 'The registry does not speak https',
    remedy: 'Only registries on loopback addresses are spoken to in plain http.',
    retry: 'never',
  },
  {
    pattern: /unauthorized|access denied|^(?:pull model manifest: )?40[13]:/i,
    code: 'backend/registry-denied',
    summary: 'The registry refuses access',
    remedy:
      "Add the server's key (~/.ollama/id_ed25519.pub) to your account there, or sign in with `ollama signin`.",
    retry: 'never',
  },
  {
    pattern: /digest mismatch/i,
    code: 'backend/digest-mismatch',
    summary: 'What arrived is not what its digest says',
    remedy:
      'Apply again: it is fetched anew. If it stays so, the registry or a proxy serves damaged data.',
    retry: 'later',
  },
  {
    pattern:
      /max retries exceeded|no such host|connection re(?:fused|set)|i\/o timeout|network is unreachable|TLS handshake|unexpected EOF|: EOF$|no Location header|^(?:pull model manifest: )?(?:429|5\d\d):/i,
    code: 'backend/registry-unreachable',
    summary: 'The engine cannot fetch from the registry',
    remedy:
      'See that the machine of the engine reaches the registry (proxy: HTTPS_PROXY of the server), then apply again.',
    retry: 'later',
  },
  {
    pattern:
      /out of memory|cudaMalloc failed|failed to allocate|not enough memory|more system memory|runner has unexpectedly stopped/i,
    code: 'backend/out-of-memory',
    summary: 'The model does not fit into the memory that is free now',
    remedy:
      'Unload something, or ask for less: a smaller contextLength, fewer gpuLayers, a smaller variant.',
    retry: 'later',
  },
  {
    pattern: /maximum pending requests|server busy/i,
    code: 'backend/busy',
    summary: 'The engine is busy',
    remedy: 'Apply again when it has fewer requests waiting.',
    retry: 'later',
  },
  {
    pattern: /^template error/i,
    code: 'backend/bad-template',
    summary: 'The engine does not accept the template',
    remedy: "Correct spec.derive.template: Ollama's are Go templates.",
    retry: 'never',
  },
  {
    pattern:
      /not in GGUF format|invalid file magic|unknown type|unsupported|not (?:currently )?supported|does not support|requires MLX|no longer compatible|must be of type|only one adapter/i,
    code: 'backend/unsupported-model',
    summary: 'The engine cannot use this model',
    remedy: 'Choose another variant, or another engine.',
    retry: 'never',
  },
  {
    pattern: /^model .* not found/i,
    code: 'backend/not-there',
    summary: 'The model is no longer there',
    remedy: 'Apply again: it is brought back.',
    retry: 'later',
  },
  {
    pattern: /request canceled|context canceled|client connection closed/i,
    code: 'backend/cancelled',
    summary: 'The engine gave the request up',
    remedy: 'Apply again.',
    retry: 'later',
  },
];

/** Of an error text that the engine sent; `doing` says what it was about, as `pull qwen3:8b`. */
export function engineFailure(engine: string, doing: string, text: string, status = 500): Problem {
  const known = patterns.find(({ pattern }) => pattern.test(text));
  const failure: Failure = known ?? {
    code: 'backend/engine-failed',
    summary: 'The engine reports an error',
    remedy: "Look into the engine's own log for more.",
    retry: status >= 500 || status === 429 ? 'later' : 'never',
  };
  const { code, summary, remedy, retry } = failure;
  const said = text === '' ? `status ${status}` : withoutSecrets(text.slice(0, textMax));
  return errorProblem({
    code,
    summary,
    detail: `${engine} could not ${doing}: ${said}`,
    remedy,
    retry,
  });
}

const textMax = 600;

/** Signed addresses of download servers carry a secret in their query. */
const withoutSecrets = (text: string): string =>
  text.replaceAll(/(https?:\/\/[^\s"'?]+)\?[^\s"']*/g, '$1?…');

/** Of an answer with a status that the request cannot have, or that is not Ollama's at all. */
function answerFailure(
  engine: string,
  doing: string,
  answer: { readonly status: number; readonly type: string; readonly text: string },
): Problem {
  const { status, type, text } = answer;
  if (status === 403 && text === '') return hostRefused(engine);
  if (status === 401) return unauthorized(engine);
  if (type.includes('html') || text.trimStart().startsWith('<')) {
    return notOllama(
      engine,
      `It answered with a page (status ${status}), as proxies and web sites do.`,
    );
  }
  if (status >= 300 && status < 400) {
    return notOllama(engine, `It answered with a redirect (status ${status}).`);
  }
  return engineFailure(engine, doing, errorText(text), status);
}

const hostRefused = (engine: string): Problem =>
  errorProblem({
    code: 'backend/host-refused',
    summary: 'The engine refuses requests under this host name',
    detail:
      `${engine} answered 403 without a word: bound to a loopback address, Ollama only takes ` +
      'requests whose Host header is local.',
    remedy:
      'Let the proxy in front of it send a local Host header, or let the server listen on ' +
      'another address (OLLAMA_HOST).',
    retry: 'later',
  });

/** What Ollama says and wants, for the exchange with it. */
export const dialect: Dialect = { start: 'Start it:\n\n    ollama serve', answerFailure };

const unauthorized = (engine: string): Problem =>
  errorProblem({
    code: 'backend/unauthorized',
    summary: 'The engine, or a proxy before it, wants a token',
    detail: `${engine} answered 401.`,
    remedy: 'Name the token in the Backend: spec.auth.bearer with {env: NAME} or {file: PATH}.',
    retry: 'later',
  });

const notOllama = (engine: string, why: string): Problem =>
  errorProblem({
    code: 'backend/not-ollama',
    summary: 'Something else than Ollama answers there',
    detail: `${engine}: ${why}`,
    remedy: 'Correct spec.endpoint of the Backend, or OLLAMA_HOST.',
    retry: 'later',
  });

/** Work that is done on the state: what was found is not what the plan rests on. */
export const changedMeanwhile = (engine: string, detail: string): Problem =>
  errorProblem({
    code: 'backend/changed-meanwhile',
    summary: 'Something else changed the model meanwhile',
    detail: `${engine}: ${detail} Nothing was touched.`,
    remedy: 'Plan again: the next run sees what is there now.',
    retry: 'later',
  });

export const inUse = (engine: string, name: string, detail: string): Problem =>
  errorProblem({
    code: 'backend/in-use',
    summary: 'The model is loaded or in use',
    detail: `${engine}: ${detail}`,
    remedy: `Apply again when it is idle, or unload it:\n\n    ollama stop ${name}`,
    retry: 'later',
  });

export const unaddressable = (engine: string, name: string): Problem =>
  errorProblem({
    code: 'backend/unaddressable-name',
    summary: 'The engine would take the name for another one',
    detail: `${engine} does not act on ${name} itself when it is given that name.`,
    remedy: `Rename it by hand:\n\n    ollama cp ${name} NEW-NAME`,
  });
