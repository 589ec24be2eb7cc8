// Core values to the lock's YAML. The same value always gives the same text, which readers rely
// on: a document that is exactly what would be printed needs no YAML parser.
import type { LockEntry, LockHeader } from './lock-entry.ts';

export const apiVersion = 'modelctl.dev/v1alpha1';

const preface =
  '# Written by modelctl: which bytes each model stands for. Commit it beside the manifests.\n';

export const printHeader = (header: LockHeader): string =>
  `${preface}apiVersion: ${apiVersion}\nkind: Lock\nset: ${scalar(header.set)}\n${
    header.files.length === 0
      ? 'files: []\n'
      : `files:\n${header.files.map((file) => `  - ${scalar(file)}\n`).join('')}`
  }`;

export const factNames = [
  'format',
  'architecture',
  'quantization',
  'contextLength',
  'parameters',
  'license',
] as const;

/** Facts come last: that they are there at all shows that the document was not cut off. */
export function printEntry(entry: LockEntry): string {
  const facts = factNames.filter((name) => entry.facts[name] !== undefined);
  const lines = [
    '---',
    `model: ${scalar(entry.model)}`,
    `target: ${scalar(entry.target)}`,
    `source: ${scalar(entry.source)}`,
    `revision: ${scalar(entry.revision)}`,
    `weights: ${scalar(entry.weights)}`,
    ...(entry.commit === undefined ? [] : [`commit: ${scalar(entry.commit)}`]),
    ...(entry.manifest === undefined ? [] : [`manifest: ${scalar(entry.manifest)}`]),
    'files:',
    ...entry.files.flatMap((file) => [
      `  - path: ${scalar(file.path)}`,
      `    bytes: ${file.bytes}`,
      `    digest: ${scalar(file.digest)}`,
      ...(file.mediaType === undefined ? [] : [`    mediaType: ${scalar(file.mediaType)}`]),
      ...(file.gitSha1 === undefined ? [] : [`    gitSha1: ${scalar(file.gitSha1)}`]),
    ]),
    facts.length === 0 ? 'facts: {}' : 'facts:',
    ...facts.map((name) => `  ${name}: ${scalar(entry.facts[name] ?? '')}`),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Plain where no reader of YAML 1.1 or 1.2 could take it for something else, else in single
 * quotes, and in double quotes with escapes for what those cannot hold.
 */
function scalar(value: string | number): string {
  if (typeof value === 'number') return String(value);
  if (isPlain(value)) return value;
  if (/^[\u0020-\u007e]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return JSON.stringify(value).replace(awkward, escaped);
}

const isPlain = (text: string): boolean =>
  /^[A-Za-z][\w./:@+=#%~-]*$/.test(text) &&
  !text.endsWith(':') &&
  // Some readers of YAML 1.1 take e5 for a number without digits before its exponent.
  !/^(true|false|null|yes|no|on|off|y|n|e[-+]?\d+)$/i.test(text);

// JSON lets these stand, and some readers of YAML take them for line ends or refuse them.
const awkward = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
