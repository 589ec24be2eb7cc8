// References in Ollama's form: `[host/][namespace/]model[:tag]`, with `ollama://` before it or
// not. Rules and defaults are those of Ollama's types/model/name.go. Pure.
//
// Hosts are folded to lower case, and so are namespace and model on Ollama's own registry, which
// takes lower case only. Tags, and names elsewhere, keep theirs: registries tell `q4_K_M` from
// `q4_k_m`. Engines that do not are the business of their backend.

import { didYouMean } from '../../../core/did-you-mean.ts';
import { isLoopback } from '../../../core/loopback.ts';
import {
  type OllamaName,
  ollamaDefaults,
  ollamaPart,
  shortOllamaName,
  splitOllamaName,
} from '../../../core/ollama-name.ts';
import { type Checked, checked, errorProblem, refused } from '../../../core/problem.ts';

const scheme = 'ollama://';
const form = 'ollama://[host/][namespace/]model[:tag]';

export function parseOllamaReference(reference: string): Checked<OllamaName> {
  // What stands before an at sign may be a password: such a reference is not repeated.
  if (reference.includes('@')) {
    return invalid('It has an at sign in it, which no name may hold.', pinsByLock);
  }
  const body = reference.toLowerCase().startsWith(scheme)
    ? reference.slice(scheme.length)
    : reference;
  const parts = splitOllamaName(body);
  const shown = body.length <= 200 ? `"${body}"` : 'The reference';
  if (parts === null) {
    return invalid(`${shown} has more than host, namespace and model in it.`, `Write ${form}.`);
  }
  for (const [part, rule] of Object.entries(rules)) {
    const text = parts[part as keyof OllamaName];
    if (rule.pattern.test(text)) continue;
    if (part === 'namespace' && looksLikeHost(text)) return hostWithoutNamespace(text, parts);
    return invalid(`The ${part} in ${shown} ${rule.says}.`, remedyFor(parts));
  }
  if (!URL.canParse(`http://${parts.host}`)) {
    return invalid(`The host in ${shown} is not one that can be asked.`, remedyFor(parts));
  }
  if (/^(cloud|local)$|-cloud$/i.test(parts.tag)) return runsElsewhere(parts.tag);
  const lower = parts.host.toLowerCase();
  return checked(
    lower === ollamaDefaults.host
      ? {
          host: lower,
          namespace: parts.namespace.toLowerCase(),
          model: parts.model.toLowerCase(),
          tag: parts.tag,
        }
      : { ...parts, host: lower },
  );
}

/** The full form, with every default written out. */
export const formatOllamaName = (name: OllamaName): string =>
  `${scheme}${name.host}/${name.namespace}/${name.model}:${name.tag}`;

/** Registries on loopback are spoken to in plain http, as docker and oras do. */
export function originOf({ host }: OllamaName): URL {
  const { hostname } = new URL(`http://${host}`);
  return new URL(`${isLoopback(hostname) ? 'http' : 'https'}://${host}`);
}

const says = (also: string): string =>
  `must begin with a letter, digit or underscore, go on with these${also}, and not be too long`;

const rules: Record<keyof OllamaName, { readonly pattern: RegExp; readonly says: string }> = {
  host: {
    pattern:
      /^(?!.{351})[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]))?$/,
    says: 'must be a host name, with a port from 1 to 65535 if it has one',
  },
  namespace: { pattern: ollamaPart.namespace, says: says(' and dashes') },
  model: { pattern: ollamaPart.model, says: says(', dots and dashes') },
  tag: { pattern: ollamaPart.tag, says: says(', dots and dashes') },
};

const pinsByLock =
  'Write the name with its tag; models.lock.yaml pins the digest, and user names and passwords have no place in a reference.';

const invalid = (detail: string, remedy: string): Checked<never> =>
  refused(
    errorProblem({
      code: 'source/invalid',
      summary: 'A source cannot be read',
      detail,
      remedy,
    }),
  );

const remedyFor = (parts: OllamaName): string =>
  parts.model === ''
    ? `Name a model, as in ollama://qwen3:8b; the form is ${form}.`
    : `Correct it; the form is ${form}.`;

const looksLikeHost = (text: string): boolean => /[.:]/.test(text) && rules.host.pattern.test(text);

const hostWithoutNamespace = (host: string, parts: OllamaName): Checked<never> =>
  invalid(
    `"${host}" stands where a namespace is meant, and looks like a host.`,
    `Did you mean ollama://${host}/library/${parts.model}:${parts.tag}?`,
  );

const runsElsewhere = (tag: string): Checked<never> =>
  invalid(
    `The tag "${tag}" tells Ollama where a model runs, not which one it is: there is nothing to store.`,
    'Name a tag that has weights, as in ollama://qwen3:8b.',
  );

/** What may have been meant by a name that its registry does not know. */
export function suggestName(name: OllamaName): string {
  const dashed = /^(.+?)[-_](\d+(?:\.\d+)?[bm].*)$/i.exec(name.model);
  const tags =
    name.host === ollamaDefaults.host
      ? `Its tags are listed at https://ollama.com/${name.namespace}/${name.model}/tags.`
      : 'Ask the registry which tags it has; its protocol cannot list them.';
  if (dashed !== null && name.tag === 'latest') {
    return `Did you mean ${shortOllamaName({ ...name, model: dashed[1] ?? '', tag: dashed[2] ?? '' })}? ${tags}`;
  }
  const known = didYouMean(name.model, wellKnown);
  const near =
    known === null || name.namespace !== 'library' ? '' : `Did you mean ${known}:${name.tag}? `;
  return `${near}Check the model and its tag. ${tags}`;
}

// Only for a hint; the list need not be complete.
const wellKnown = [
  'qwen3',
  'qwen2.5-coder',
  'llama3.2',
  'llama3.1',
  'gemma3',
  'mistral',
  'phi4',
  'deepseek-r1',
  'gpt-oss',
  'nomic-embed-text',
  'mxbai-embed-large',
  'bge-m3',
];
