// The rows of the table of commands that are about the bytes themselves.
import type { Command } from './command-line.ts';
import { filename, host, json, limitRate, lockTimeout, output } from './flags.ts';

const quick = {
  name: 'quick',
  summary: 'hash only what changed (size, time, inode) since it was hashed last',
};

export const verifyCommands: readonly Command[] = [
  {
    name: 'verify',
    summary: 'compare the bytes of models with the lock, in every store',
    details: [
      'Hashes every file of every locked model that is on this machine, whoever put it there: in the',
      'stores of the engines, the Hugging Face cache and the staging folder. Changes no model.',
      'Exit code 0, 2 when something is damaged, 3 when something could not be checked.',
    ],
    positionals: { usage: '[NAME...]', min: 0, max: 1000, completes: 'declared' },
    flags: [
      filename,
      host,
      quick,
      { name: 'full', summary: 'hash everything, which is the default' },
      { name: 'all', summary: 'list the files that are right, too' },
      output('table', 'wide', 'json', 'yaml', 'markdown'),
      json,
    ],
    examples: ['modelctl verify -f models.yaml', 'modelctl verify chat -f models.yaml --quick'],
  },
  {
    name: 'repair',
    summary: 'bring back the bytes of damaged files',
    details: [
      'Verifies, then replaces what is damaged: from another store that has the bytes, else from the',
      'source, and of that the damaged chunks alone where it is known which they are. A file is',
      'replaced in one step, once its replacement was hashed. Exit code 3 when something is left.',
    ],
    positionals: { usage: '[NAME...]', min: 0, max: 1000, completes: 'declared' },
    flags: [
      filename,
      host,
      quick,
      { name: 'dry-run', summary: 'only say what would be fetched and replaced' },
      lockTimeout,
      limitRate,
      output('json', 'yaml'),
      json,
    ],
    examples: ['modelctl repair -f models.yaml', 'modelctl repair chat -f models.yaml --dry-run'],
  },
];
