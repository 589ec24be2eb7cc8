// The rows of the table of commands that are about bundles.
import type { Command } from './command-line.ts';
import { filename, json, limitRate, lockTimeout, output, selector } from './flags.ts';

export const bundleCommands: readonly Command[] = [
  {
    name: 'bundle',
    summary: 'put a set with its models into a folder or a tar, to take along or to keep',
    details: [
      'Manifests and lock go in whole; NAME and -l choose whose bytes go with them. Bytes come',
      'from this machine where they are here. Run again, it goes on where it was cut off.',
      'The bundle is an OCI image layout: skopeo, oras and others read it.',
    ],
    positionals: { usage: '[NAME...]', min: 0, max: 1000, completes: 'declared' },
    flags: [
      filename,
      {
        name: 'out',
        value: 'PATH',
        completes: 'file',
        summary: 'where to: a folder, or a tar when it ends in .tar',
      },
      selector,
      lockTimeout,
      limitRate,
      output('json', 'yaml'),
      json,
    ],
    examples: [
      'modelctl bundle -f models.yaml --out models.tar',
      'modelctl bundle chat -f models/ --out /mnt/usb/chat',
    ],
  },
  {
    name: 'restore',
    summary: 'take a bundle in, without any network',
    details: [
      'Verifies the bytes and puts them into stores of this machine, then writes manifests and',
      'lock to a folder. `apply --locked` there brings the models to the engines.',
      'What no apply has used after 14 days goes from the store again with the next apply.',
    ],
    positionals: { usage: 'PATH [NAME...]', min: 1, max: 1000, completes: 'file' },
    flags: [
      {
        name: 'to',
        value: 'FOLDER',
        completes: 'file',
        summary: 'where manifests and lock go; default: the folder that you are in',
      },
      {
        name: 'overwrite',
        summary: 'replace manifests and a lock of the same set that say something else',
      },
      lockTimeout,
      output('json', 'yaml'),
      json,
    ],
    examples: ['modelctl restore models.tar --to team', 'modelctl restore /mnt/usb/chat chat'],
  },
];
