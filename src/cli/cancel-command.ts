// The row of the table of commands that is about ending transfers.
import type { Command } from './command-line.ts';
import { json, output } from './flags.ts';

export const cancelCommand: Command = {
  name: 'cancel',
  summary: 'end transfers, and keep or drop what arrived',
  details: [
    'A name is a Model, what clients call it, a source, a file, or the start of a digest.',
    'The run that a transfer belongs to goes on with everything else and ends with 3. Exit code 4',
    'when a transfer has not ended in time.',
  ],
  positionals: { usage: '[NAME...]', min: 0, max: 1000, completes: 'unfinished' },
  flags: [
    { name: 'all', summary: 'every transfer' },
    {
      name: 'keep',
      summary: 'keep what arrived, so that the next run goes on from there; default',
    },
    { name: 'drop', summary: 'remove what arrived' },
    {
      name: 'timeout',
      value: 'DURATION',
      type: 'duration',
      summary: 'how long to wait until they have ended; default 10s',
    },
    output('json', 'yaml'),
    json,
  ],
  examples: ['modelctl cancel starter', 'modelctl cancel 4c27e0f5b5ad --drop'],
};
