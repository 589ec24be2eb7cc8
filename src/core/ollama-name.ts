// Names as Ollama spells them, in its registry and in its engines: `[host/][namespace/]model[:tag]`
// (types/model/name.go). Pure. What a part may look like beyond this, and whether case counts, differs
// between the two and is theirs.

export interface OllamaName {
  /** With its port where it has one. */
  readonly host: string;
  readonly namespace: string;
  readonly model: string;
  readonly tag: string;
}

export const ollamaDefaults = {
  host: 'registry.ollama.ai',
  namespace: 'library',
  tag: 'latest',
} as const;

/** At most 80 characters each. */
export const ollamaPart = {
  namespace: /^[a-z0-9_][a-z0-9_-]{0,79}$/i,
  model: /^[a-z0-9_][a-z0-9_.-]{0,79}$/i,
  tag: /^[a-z0-9_][a-z0-9_.-]{0,79}$/i,
} as const;

/** Fills in the defaults and keeps the spelling, legal or not; null when it has too many parts. */
export function splitOllamaName(text: string): OllamaName | null {
  const colon = text.lastIndexOf(':');
  const isTagged = colon > text.lastIndexOf('/');
  const path = (isTagged ? text.slice(0, colon) : text).split('/');
  const { host: ownHost, namespace: library, tag: latest } = ollamaDefaults;
  const [model = '', namespace = library, host = ownHost, ...more] = path.toReversed();
  if (more.length > 0) return null;
  return { host, namespace, model, tag: isTagged ? text.slice(colon + 1) : latest };
}

/** As people write it and Ollama shows it: without the default host and namespace (DisplayShortest). */
export function shortOllamaName({ host, namespace, model, tag }: OllamaName): string {
  if (host.toLowerCase() !== ollamaDefaults.host) return `${host}/${namespace}/${model}:${tag}`;
  if (namespace.toLowerCase() !== ollamaDefaults.namespace) return `${namespace}/${model}:${tag}`;
  return `${model}:${tag}`;
}
