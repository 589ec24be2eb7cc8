// The rows of the table of commands that are about a loop that keeps running.
import type { Command } from './command-line.ts';
import { json, output, planning } from './flags.ts';

const forLoop = planning.filter(({ name }) => name !== 'target');

export const watchCommands: readonly Command[] = [
  {
    name: 'watch',
    summary: 'keep the machine as the manifests declare, until it is stopped',
    details: [
      'Looks when a file changes, when somebody asks, and once an interval; says nothing while nothing',
      'changes. An edit that cannot be used leaves what was declared before in force. What others',
      'change is brought back, as lifecycle.driftPolicy says; what they undo twice within an hour is',
      'given up until the Model is edited or resumed.',
      'SIGTERM ends it within 10 seconds with exit code 0, Ctrl-C with 130; a second one at once.',
    ],
    flags: [
      ...forLoop,
      {
        name: 'interval',
        value: 'DURATION',
        type: 'duration',
        summary: 'how often to look at everything; at least 1s, default 60s',
      },
      {
        name: 'limit-rate',
        value: 'RATE',
        type: 'rate',
        summary: 'transfer at most so much per second, as in 10MB/s',
      },
      json,
    ],
    examples: ['modelctl watch -f models.yaml', 'modelctl watch -f models/ --prune --interval 30s'],
  },
  {
    name: 'suspend',
    summary: 'leave a model alone for a while: nothing changes or evicts it',
    details: ['Holds for apply as for watch, and ends by itself.'],
    positionals: { usage: 'NAME', min: 1, max: 1, completes: 'placement' },
    flags: [
      {
        name: 'until',
        value: 'TIME',
        summary: 'when it ends: a duration from now, as in 2h, or a time, as in 2026-12-24T18:00Z',
      },
      { name: 'reason', value: 'TEXT', summary: 'why, for whoever wonders later' },
      output('json', 'yaml'),
      json,
    ],
    examples: ['modelctl suspend coder --until 2h --reason "comparing two versions"'],
  },
  {
    name: 'resume',
    summary: 'go on with a model that was suspended, or given up as contested',
    positionals: { usage: 'NAME', min: 1, max: 1, completes: 'placement' },
    flags: [],
    examples: ['modelctl resume coder'],
  },
  {
    name: 'reconcile',
    summary: 'ask the running watch to look at a model, or at all, now',
    details: [
      'With --wait it ends as apply would for what was asked: 0, 3 or 6; with 4 when there was no',
      'answer in time, and with 1 when no watch runs.',
    ],
    positionals: { usage: '[NAME]', min: 0, max: 1, completes: 'placement' },
    flags: [
      { name: 'all', summary: 'everything that is declared' },
      { name: 'wait', summary: 'wait until it has been done, and say how it ended' },
      {
        name: 'timeout',
        value: 'DURATION',
        type: 'duration',
        summary: 'how long --wait waits; default 5m',
      },
      output('json', 'yaml'),
      json,
    ],
    examples: ['modelctl reconcile coder --wait', 'modelctl reconcile --all'],
  },
];

export const following = {
  name: 'watch',
  short: 'w',
  summary: 'go on, and print what changes; with -o json one object per line',
} as const;
