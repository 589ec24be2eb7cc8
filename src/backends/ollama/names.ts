// How Ollama spells names, and which of them modelctl may use. A name has four parts, host,
// namespace, model and tag (types/model/name.go); the canonical form is what `ollama ls` shows,
// in lower case, because Ollama matches names without case. Always compared whole, never as prefix.

import { type Digest, digestHex, shortDigest } from '../../core/digest.ts';
import { sha256Text } from '../../core/hash.ts';
import { isLoopback } from '../../core/loopback.ts';
import {
  type OllamaName,
  ollamaDefaults,
  ollamaPart,
  shortOllamaName,
  splitOllamaName,
} from '../../core/ollama-name.ts';

/** Where imported bases stand: their names come from us, not from a registry. */
const baseNamespace = 'modelctl-base';
/** Where the old content of a name is kept while it is being replaced. */
const quarantineNamespace = 'modelctl-quarantine';

/** What an engine takes for a host; whether one can be asked there is the registry's business. */
const enginePart = { host: /^[a-z0-9_][a-z0-9_.:-]{0,349}$/i, ...ollamaPart };

/** Fills in the defaults and keeps the spelling; null when Ollama would call it invalid. */
export function parseName(text: string): OllamaName | null {
  const name = splitOllamaName(text);
  if (name === null) return null;
  const { host, namespace, model, tag } = enginePart;
  const isLegal =
    host.test(name.host) &&
    namespace.test(name.namespace) &&
    model.test(name.model) &&
    tag.test(name.tag);
  return isLegal ? name : null;
}

/** The key of a name that an engine lists; null when it is not a name. */
export function listedName(text: string): string | null {
  const name = parseName(text);
  return name === null ? null : shortOllamaName(name).toLowerCase();
}

/** The canonical form of a name that somebody may want; null when it cannot be one here. */
export function canonicalName(text: string): string | null {
  const name = parseName(text);
  if (name === null || isSourceSelector(name.tag) || isIn(name, quarantineNamespace)) return null;
  return shortOllamaName(name).toLowerCase();
}

/**
 * Ollama takes these tags for a choice of where to run (internal/modelref): deleting `a:local`
 * deletes `a:latest`, and generating with `a:b-cloud` goes to its cloud. Nothing is sent with them.
 */
const isSourceSelector = (tag: string): boolean => /^(?:local|cloud|.*-cloud)$/i.test(tag);

const isIn = (name: OllamaName, namespace: string): boolean =>
  name.host.toLowerCase() === ollamaDefaults.host && name.namespace.toLowerCase() === namespace;

export const isQuarantined = (canonical: string): boolean =>
  canonical.startsWith(`${quarantineNamespace}/`);

/** Why a person may not have this name, as a sentence; null when they may. */
export function nameRefusal(text: string): string | null {
  if (text.includes('@')) {
    return 'Ollama has no names with a digest; the lock pins the content instead.';
  }
  if (text.includes('://')) return 'A name carries no scheme.';
  const name = parseName(text);
  if (name === null) {
    return (
      'Ollama allows [host/][namespace/]model[:tag] of letters, digits, `_`, `-` and `.`, ' +
      'each part beginning with a letter, digit or `_` and at most 80 characters long.'
    );
  }
  if (isSourceSelector(name.tag)) {
    return `Ollama reads the tag ${name.tag} as a choice between local and cloud, not as a name.`;
  }
  if (isIn(name, baseNamespace) || isIn(name, quarantineNamespace)) {
    return `The namespace ${name.namespace} is modelctl's own.`;
  }
  return null;
}

/** The name of the base that is imported for a Model; lower-cased, so already canonical. */
export const importedBaseName = (model: string): string =>
  `${baseNamespace}/${model.toLowerCase()}:${ollamaDefaults.tag}`;

/** Whether a registry is on this machine: only those are spoken to in plain http. */
export const isLoopbackRegistry = (name: OllamaName): boolean =>
  isLoopback(name.host.toLowerCase().replace(/:\d+$/, ''));

/**
 * Where the content of `name` is kept while it is replaced. The model part identifies the name,
 * the tag what is to come (`pending` where that is not known beforehand): whoever finds a copy
 * that a crash left can tell whether the replacement had been done.
 */
export const quarantineName = (name: string, coming: Digest | null): string =>
  `${quarantineNamespace}/${quarantineModel(name)}:${comingTag(coming)}`;

export const comingTag = (coming: Digest | null): string =>
  coming === null ? 'pending' : shortDigest(coming);

/** The first characters are for people, the hash is what is compared. */
export function quarantineModel(name: string): string {
  const hint = name.replaceAll(/[^a-z0-9_.-]/g, '-').slice(0, 60);
  return `${hint}-${digestHex(sha256Text(name)).slice(0, 16)}`;
}
