// The rows of the table of commands that are about the lock.
import type { Command } from './command-line.ts';
import { filename, json, output } from './flags.ts';

export const lockCommands: readonly Command[] = [
  {
    name: 'lock',
    summary: 'write models.lock.yaml: which bytes each model stands for',
    details: [
      'Resolves what is not locked yet, takes out what is no longer declared, and moves nothing.',
      'Asks sources only: engines may be down. Exit code 2 when --check finds a difference.',
    ],
    flags: [
      filename,
      { name: 'check', summary: 'only say what would change; asks no source and writes nothing' },
      output('json', 'yaml'),
      json,
    ],
    examples: ['modelctl lock -f models.yaml', 'modelctl lock -f models/ --check'],
  },
  {
    name: 'outdated',
    summary: 'show what moved upstream since it was locked',
    details: [
      'Asks every source, and writes nothing. What is up to date is shown with --all, or by name.',
      'Exit code 0, or 3 when a source could not be asked; with --detailed-exitcode 2 when',
      'something moved.',
    ],
    positionals: { usage: '[NAME...]', min: 0, max: 1000, completes: 'declared' },
    flags: [
      filename,
      { name: 'all', summary: 'show what is up to date or cannot move, too' },
      { name: 'detailed-exitcode', summary: 'exit with 2 when something moved' },
      output('table', 'wide', 'json', 'yaml', 'markdown'),
      json,
    ],
    examples: [
      'modelctl outdated -f models.yaml',
      'modelctl outdated -f models.yaml -o wide --all',
    ],
  },
  {
    name: 'update',
    summary: 'lock what upstream serves now',
    details: [
      'Moves the entries of the named Models, or of all, and touches nothing else in the lock.',
      'What it prints is fit for a commit message; with -o markdown for a pull request.',
    ],
    positionals: { usage: '[NAME...]', min: 0, max: 1000, completes: 'declared' },
    flags: [
      filename,
      { name: 'dry-run', summary: 'print the difference and write nothing' },
      output('json', 'yaml', 'markdown'),
      json,
    ],
    examples: [
      'modelctl update chat -f models.yaml',
      'modelctl update -f models.yaml --dry-run -o markdown',
      'modelctl update -f models.yaml | git commit -F - models.lock.yaml',
    ],
  },
];
