// The one table of commands and flags. Parsing, help, suggestions and completion read it; each
// command's work is in commands/<name>.ts and is imported only when it runs.
import { bundleCommands } from './bundle-commands.ts';
import { cancelCommand } from './cancel-command.ts';
import type { Command } from './command-line.ts';
import {
  filename,
  host,
  json,
  limitRate,
  lockTimeout,
  output,
  planning,
  selector,
} from './flags.ts';
import { lockCommands } from './lock-commands.ts';
import { verifyCommands } from './verify-commands.ts';
import { following, watchCommands } from './watch-commands.ts';

/** What `get` lists, each with the word for one of it. */
const kindsListed = {
  models: 'model',
  backends: 'backend',
  hosts: 'host',
  sets: 'set',
  transfers: 'transfer',
  registries: 'registry',
} as const;

export const commands: readonly Command[] = [
  {
    name: 'init',
    summary: 'write a first models.yaml',
    details: [
      'Writes a manifest with one small model that works here: from the registry where an Ollama',
      'answers, else a tiny file for the embedded engine. Never replaces a file that is there.',
    ],
    positionals: { usage: '[FILE]', min: 0, max: 1, completes: 'file' },
    flags: [],
    examples: ['modelctl init', 'modelctl init team/models.yaml'],
  },
  {
    name: 'validate',
    summary: 'check manifests without touching an engine',
    flags: [filename, output('json', 'yaml'), json],
    examples: ['modelctl validate -f models.yaml', 'cat models.yaml | modelctl validate -f -'],
  },
  {
    name: 'plan',
    summary: 'show what apply would do, and why',
    details: [
      'Reads engines and registries and changes nothing.',
      'Exit code 0; with --detailed-exitcode 2 when there are actions.',
    ],
    flags: [
      ...planning,
      { name: 'detailed-exitcode', summary: 'exit with 2 when there are actions' },
      { name: 'refresh-only', summary: 'show what others changed, and propose nothing' },
      {
        name: 'out',
        value: 'FILE',
        completes: 'file',
        summary: 'save the plan, for apply FILE',
      },
      output('json', 'yaml', 'markdown'),
      json,
    ],
    examples: ['modelctl plan -f models.yaml', 'modelctl plan -f models.yaml --out plan.json'],
  },
  {
    name: 'diff',
    summary: 'show field by field what apply would change',
    details: ['Exit code 0 when nothing would change, 2 when something would.'],
    flags: [...planning, output('json', 'yaml'), json],
    examples: ['modelctl diff -f models.yaml'],
  },
  {
    name: 'apply',
    summary: 'make the machine hold what the manifests declare',
    details: [
      'Plans, does what the plan says, and records what it did. Doing it again does nothing.',
      'Given a saved plan instead of -f, it plans again and refuses if the outcome is another.',
    ],
    positionals: { usage: '[PLAN]', min: 0, max: 1, completes: 'file' },
    flags: [...planning, lockTimeout, limitRate, output('json', 'yaml', 'name'), json],
    examples: [
      'modelctl apply -f models.yaml',
      'modelctl apply -f models/ --prune',
      'modelctl apply plan.json',
    ],
  },
  cancelCommand,
  ...lockCommands,
  ...bundleCommands,
  ...verifyCommands,
  ...watchCommands,
  {
    name: 'get',
    summary: 'list models, backends, hosts, sets, transfers or registries',
    details: [
      'Models are what the engines hold now. With -f each is compared with what is declared.',
      'Transfers are files that have not arrived in full, and what waits to be used; registries are',
      'those that -f declares, as they are reached now.',
    ],
    positionals: {
      usage: '[models|backends|hosts|sets|transfers|registries] [NAME...]',
      min: 0,
      max: 1000,
      completes: Object.keys(kindsListed),
      choices: [...Object.keys(kindsListed), ...Object.values(kindsListed)],
      namesOf: Object.fromEntries(
        Object.entries(kindsListed).flatMap(([many, one]) => [
          [many, one],
          [one, one],
        ]),
      ),
    },
    flags: [
      filename,
      selector,
      host,
      following,
      output('table', 'wide', 'json', 'yaml', 'name', 'markdown'),
      json,
    ],
    examples: [
      'modelctl get',
      'modelctl get models -f models.yaml -o wide',
      'modelctl get backends',
      'modelctl get transfers -o wide',
      'modelctl get -f models.yaml -w',
    ],
  },
  {
    name: 'describe',
    summary: 'show all that is known of a model',
    positionals: { usage: 'NAME', min: 1, max: 1, completes: 'model' },
    flags: [filename, host, output('json', 'yaml'), json],
    examples: ['modelctl describe starter'],
  },
  {
    name: 'explain',
    summary: 'show the fields of a manifest, and what they mean',
    positionals: { usage: '[KIND[.FIELD...]]', min: 0, max: 1, completes: 'field' },
    flags: [
      { name: 'recursive', summary: 'show the fields of fields too' },
      output('json', 'yaml'),
      json,
    ],
    examples: ['modelctl explain model', 'modelctl explain model.spec.runtime'],
  },
  {
    name: 'run',
    summary: 'ask a model, and print its answer as it comes',
    details: ['Without a prompt it is read from standard input.'],
    positionals: { usage: 'NAME [PROMPT]', min: 1, max: 2, completes: 'model' },
    flags: [
      filename,
      host,
      {
        name: 'system',
        value: 'TEXT',
        summary: "a system prompt for this question, instead of the model's own",
      },
      {
        name: 'max-tokens',
        value: 'N',
        type: 'count',
        summary: 'end the answer after so many tokens',
      },
    ],
    examples: ['modelctl run starter "hello"', 'git diff | modelctl run reviewer'],
  },
  {
    name: 'approve',
    summary: 'allow the next prune to evict a model',
    details: [
      'For models that modelctl found instead of brought, and for lifecycle.prune: Confirm.',
    ],
    positionals: { usage: 'NAME...', min: 1, max: 1000, completes: 'placement' },
    flags: [],
    examples: ['modelctl approve qwen3:8b'],
  },
  {
    name: 'adopt',
    summary: 'report what the engines hold, whose it is, and what is there twice',
    details: ['Reads only.'],
    flags: [filename, host, output('table', 'json', 'yaml', 'markdown'), json],
    examples: ['modelctl adopt', 'modelctl adopt -f models.yaml'],
  },
  {
    name: 'history',
    summary: 'show what earlier runs did',
    flags: [
      { name: 'limit', short: 'n', value: 'N', type: 'count', summary: 'how many; default 20' },
      output('table', 'wide', 'json', 'yaml', 'markdown'),
      json,
    ],
    examples: ['modelctl history', 'modelctl history -n 5 -o json'],
  },
  {
    name: 'engine',
    summary: 'look after the engines that modelctl runs itself',
    details: [
      'The embedded engine, and those of Backends with `service: { type: managed }`. Names are of such',
      'Backends and leave the embedded engine alone; without names all are meant, and start means the',
      'embedded one. What is stopped here is started again by the next apply that wants it.',
    ],
    positionals: {
      usage: 'status|start|stop|logs [BACKEND...]',
      min: 1,
      max: 1000,
      completes: ['status', 'start', 'stop', 'logs'],
      choices: ['status', 'start', 'stop', 'logs'],
    },
    flags: [
      { name: 'lines', short: 'n', value: 'N', type: 'count', summary: 'of logs; default 100' },
      output('json', 'yaml'),
      json,
    ],
    examples: ['modelctl engine status', 'modelctl engine stop', 'modelctl engine logs gpu-ollama'],
  },
  {
    name: 'completion',
    summary: 'print a completion script for a shell',
    details: [
      'bash: add to ~/.bashrc:  source <(modelctl completion bash)',
      'zsh: add to ~/.zshrc:  source <(modelctl completion zsh)',
      'fish: modelctl completion fish > ~/.config/fish/completions/modelctl.fish',
    ],
    positionals: {
      usage: 'bash|zsh|fish',
      min: 1,
      max: 1,
      completes: ['bash', 'zsh', 'fish'],
      choices: ['bash', 'zsh', 'fish'],
    },
    flags: [],
    examples: ['source <(modelctl completion bash)'],
  },
  {
    name: 'version',
    summary: 'print the version',
    flags: [output('json', 'yaml'), json],
    examples: ['modelctl version'],
  },
  {
    name: 'help',
    summary: 'show help for a command',
    positionals: { usage: '[COMMAND]', min: 0, max: 1, completes: 'command' },
    flags: [],
    examples: ['modelctl help apply'],
  },
  {
    name: '__complete',
    summary: 'print what the last word could become; called by the completion scripts',
    positionals: { usage: '[WORD...]', min: 0, max: 10_000 },
    flags: [],
    examples: [],
    hidden: true,
  },
];

export const commandNamed = (name: string): Command | null =>
  commands.find((command) => command.name === name) ?? null;
