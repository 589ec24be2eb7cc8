// Names as Ollama's own code reads them (types/model/name.go, internal/modelref), written apart
// from ours in src/, so that the fake does not share its mistakes.

export interface Name {
  host: string;
  namespace: string;
  model: string;
  tag: string;
}

const isPart = (text: string, max: number, more: string): boolean =>
  new RegExp(`^[A-Za-z0-9_][A-Za-z0-9_${more}-]*$`).test(text) && text.length <= max;

/** ParseName; null where IsValid would say no. */
export function parse(text: string): Name | null {
  const name: Name = { host: 'registry.ollama.ai', namespace: 'library', model: '', tag: 'latest' };
  let rest = text;
  if (rest.lastIndexOf(':') > rest.lastIndexOf('/')) {
    name.tag = rest.slice(rest.lastIndexOf(':') + 1);
    rest = rest.slice(0, rest.lastIndexOf(':'));
  }
  const parts = rest.split('/');
  name.model = parts.pop() ?? '';
  if (parts.length > 0) name.namespace = parts.pop() ?? '';
  if (parts.length > 0) name.host = parts.join('/').replace(/^[a-z]+:\/\//, '');
  const valid =
    isPart(name.host, 350, '.:') &&
    isPart(name.namespace, 80, '') &&
    isPart(name.model, 80, '.') &&
    isPart(name.tag, 80, '.');
  return valid ? name : null;
}

/** DisplayShortest. */
export function display({ host, namespace, model, tag }: Name): string {
  if (host.toLowerCase() !== 'registry.ollama.ai') return `${host}/${namespace}/${model}:${tag}`;
  return namespace.toLowerCase() === 'library' ? `${model}:${tag}` : `${namespace}/${model}:${tag}`;
}

export const path = ({ host, namespace, model, tag }: Name): string =>
  `${host}/${namespace}/${model}/${tag}`;

/** modelref.ParseRef: what is left of the text, and where it is meant to run. */
export function selectSource(text: string): { base: string; source: 'any' | 'local' | 'cloud' } {
  const trimmed = text.trim();
  const colon = trimmed.lastIndexOf(':');
  const suffix = colon < 0 ? '' : trimmed.slice(colon + 1).toLowerCase();
  if (suffix === 'cloud') return { base: trimmed.slice(0, colon), source: 'cloud' };
  if (suffix === 'local') return { base: trimmed.slice(0, colon), source: 'local' };
  if (!suffix.includes('/') && suffix.endsWith('-cloud')) {
    return { base: trimmed.slice(0, -'-cloud'.length), source: 'cloud' };
  }
  return { base: trimmed, source: 'any' };
}
