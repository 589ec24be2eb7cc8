// Whose document is this? In a folder, documents of other tools are left alone; what looks like
// one of ours but is not quite is an error, since leaving it out would look like removing it.
import { didYouMean } from '../core/did-you-mean.ts';
import type { Kind } from '../core/resource.ts';
import type { FieldPath } from './field-path.ts';
import { showText, showValue } from './show-value.ts';

const apiVersion = 'modelctl.dev/v1alpha1';
const [group = '', version = ''] = apiVersion.split('/');

export const kinds: readonly Kind[] = [
  'Model',
  'Category',
  'HardwareTarget',
  'Host',
  'Backend',
  'Registry',
];

export interface WrongHeader {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
  readonly remedy: string;
  readonly path: FieldPath;
}

export type Header =
  | { readonly is: 'manifest'; readonly kind: Kind }
  /** Another tool's, or a lock: nothing to say about it. */
  | { readonly is: 'foreign' }
  /** Says nothing about what it is. */
  | { readonly is: 'unmarked' }
  | { readonly is: 'wrong'; readonly problem: WrongHeader };

/** Pure. `isNamed`: the user named this file, so that it must hold manifests and nothing else. */
export function readHeader(value: unknown, isNamed: boolean): Header {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return isNamed ? wrong(notAnObject(value)) : { is: 'unmarked' };
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const kind = kinds.find((known) => known === fields['kind']);
  const said = fields['apiVersion'];
  if (said === undefined) {
    return isNamed || kind !== undefined
      ? wrong(missing('apiVersion', apiVersion))
      : { is: 'unmarked' };
  }
  if (said !== apiVersion) {
    return isNamed || looksLikeOurs(said) ? wrong(wrongVersion(said)) : { is: 'foreign' };
  }
  if (kind !== undefined) return { is: 'manifest', kind };
  if (fields['kind'] === 'Lock') return isNamed ? wrong(lockFile) : { is: 'foreign' };
  return wrong(
    fields['kind'] === undefined ? missing('kind', 'Model') : unknownKind(fields['kind']),
  );
}

const wrong = (problem: WrongHeader): Header => ({ is: 'wrong', problem });

function looksLikeOurs(said: unknown): boolean {
  if (typeof said !== 'string') return true;
  const [saidGroup = '', saidVersion] = said.toLowerCase().split('/');
  if (saidVersion === undefined) return saidGroup === version || saidGroup === group;
  return saidGroup.includes('modelctl') || didYouMean(saidGroup, [group]) !== null;
}

function notAnObject(value: unknown): WrongHeader {
  const isList = Array.isArray(value);
  const what = isList ? 'a list' : 'a single value';
  return {
    code: 'manifest/not-an-object',
    summary: 'A document is not an object',
    detail: `A manifest is a map of fields such as \`apiVersion\` and \`kind\`; this is ${what}.`,
    remedy: isList
      ? 'Write each item as a document of its own, with a line of `---` between them.'
      : 'Write a starting point with:\n\n  modelctl init',
    path: [],
  };
}

const missing = (field: string, value: string): WrongHeader => ({
  code: 'manifest/missing-field',
  summary: 'A field is missing',
  detail: `A manifest needs the field \`${field}\`.`,
  remedy: `Add \`${field}: ${value}\`.`,
  path: [],
});

function wrongVersion(said: unknown): WrongHeader {
  const shown = showValue(said, []) ?? 'no text';
  const [saidGroup, saidVersion = ''] = typeof said === 'string' ? said.split('/') : [];
  const isNewer = saidGroup === group && rank(saidVersion) > rank(version);
  const isOlder = saidGroup === group && rank(saidVersion) > 0 && rank(saidVersion) < rank(version);
  const why = isNewer
    ? `This modelctl is too old for it: it reads ${apiVersion}.`
    : isOlder
      ? `That version is no longer read; the current one is ${apiVersion}.`
      : `Manifests of modelctl have ${apiVersion}.`;
  return {
    code: 'manifest/wrong-api-version',
    summary: 'The apiVersion is not one that is read here',
    detail: `\`apiVersion\` is ${shown}. ${why}`,
    remedy: isNewer ? 'Update modelctl.' : `Write \`apiVersion: ${apiVersion}\`.`,
    path: ['apiVersion'],
  };
}

/** Orders versions as Kubernetes does: v1alpha1 < v1alpha2 < v1beta1 < v1 < v2alpha1. 0: none. */
function rank(text: string): number {
  const found = /^v([0-9]{1,4})(?:(alpha|beta)([0-9]{1,4}))?$/.exec(text);
  if (found === null) return 0;
  const stage = found[2] === undefined ? 2 : found[2] === 'beta' ? 1 : 0;
  return (Number(found[1]) * 3 + stage) * 10_000 + Number(found[3] ?? 0) + 1;
}

function unknownKind(said: unknown): WrongHeader {
  const shown = showValue(said, []) ?? 'no text';
  const near = typeof said === 'string' ? nearestKind(said) : null;
  return {
    code: 'manifest/unknown-kind',
    summary: 'The kind is not known',
    detail: `\`kind\` is ${shown}.${near === null ? '' : ` Did you mean \`${showText(near)}\`?`}`,
    remedy: `Kinds are ${kinds.map((kind) => `\`${kind}\``).join(', ')}:\n\n  modelctl explain`,
    path: ['kind'],
  };
}

const nearestKind = (said: string): string | null =>
  kinds.find((kind) => kind.toLowerCase() === said.toLowerCase()) ?? didYouMean(said, kinds);

const lockFile: WrongHeader = {
  code: 'manifest/unknown-kind',
  summary: 'The kind is not known',
  detail: 'This is a lock, which modelctl writes; it says nothing about what is wanted.',
  remedy: 'Name the manifests, or the folder that holds them.',
  path: ['kind'],
};
