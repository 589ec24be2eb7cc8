// Flags that several commands take, each with one meaning.
import type { Flag } from './command-line.ts';

export const filename: Flag = {
  name: 'filename',
  short: 'f',
  value: 'FILE',
  repeatable: true,
  completes: 'file',
  summary: 'a manifest file, a folder, a glob in quotes, or - for standard input',
};

export const output = (...formats: readonly string[]): Flag => ({
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  type: formats,
  summary: `how to print the result: ${formats.join(', ')}`,
});

export const json: Flag = {
  name: 'json',
  summary: 'print one JSON object per line: the version first, then events, then the result',
};

export const host: Flag = {
  name: 'host',
  value: 'NAME',
  summary: 'which declared Host this machine is; MODELCTL_HOST does the same',
};

export const selector: Flag = {
  name: 'selector',
  short: 'l',
  value: 'LABELS',
  summary: 'only Models with these labels, as in team=search,tier!=test; needs -f',
};

export const lockTimeout: Flag = {
  name: 'lock-timeout',
  value: 'DURATION',
  type: 'duration',
  summary: 'how long to wait for another run to end, as in 30s; default 0',
};

export const limitRate: Flag = {
  name: 'limit-rate',
  value: 'RATE',
  type: 'rate',
  summary: 'transfer at most so much per second, as in 10MB/s',
};

export const planning: readonly Flag[] = [
  filename,
  { name: 'prune', summary: 'evict what left the set' },
  {
    name: 'target',
    value: 'MODEL',
    repeatable: true,
    completes: 'model',
    summary: 'evaluate this Model only, and prune nothing',
  },
  {
    name: 'locked',
    summary: 'refuse if models.lock.yaml is missing or stale, instead of changing it',
  },
  {
    name: 'take-over',
    value: 'NAME',
    repeatable: true,
    completes: 'placement',
    summary: 'replace what this name holds, though modelctl did not put it there',
  },
  {
    name: 'allow-evictions',
    value: 'N',
    type: 'count',
    summary: 'let the guard pass so many evictions and overwrites',
  },
  { name: 'same-set', summary: 'this set moved here from another folder on purpose' },
  host,
];
