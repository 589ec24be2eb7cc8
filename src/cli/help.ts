// Help texts from the table of commands. Commands in them are shown as the user calls this
// program, so that each line can be copied.
import { renderRemedy } from '../render/problem.ts';
import { type Command, type Flag, globalFlags } from './command-line.ts';
import { commands } from './commands.ts';

/** Ends without a line feed. */
export function renderHelp(command: Command | null, program: string): string {
  return command === null ? overview(program) : helpOf(command, program);
}

const groups: readonly (readonly [string, readonly string[]])[] = [
  ['Begin', ['init', 'validate', 'explain']],
  ['Change', ['plan', 'diff', 'apply', 'cancel', 'approve']],
  ['Lock', ['lock', 'outdated', 'update']],
  ['Keep', ['verify', 'repair', 'bundle', 'restore']],
  ['Look', ['get', 'describe', 'adopt', 'history']],
  ['Use', ['run', 'engine']],
  ['Else', ['completion', 'version', 'help']],
];

function overview(program: string): string {
  const summaries = new Map(
    commands.filter(({ hidden }) => hidden !== true).map(({ name, summary }) => [name, summary]),
  );
  const width = Math.max(...summaries.keys().map((name) => name.length));
  const sections = groups.map(([title, names]) => {
    const rows = names.map((name) => [name, summaries.get(name) ?? ''] as const);
    return [title, ...columns(rows, width)].join('\n');
  });
  return [
    'modelctl makes a machine hold the AI models that its manifests declare.',
    `Usage: ${program} COMMAND [flags]`,
    ...sections,
    ['Flags of every command', ...columns(globalFlags.map(flagRow))].join('\n'),
    `More about a command: ${program} help COMMAND`,
  ].join('\n\n');
}

function helpOf(command: Command, program: string): string {
  const shape = command.positionals?.usage ?? '';
  const usage = ['Usage:', program, command.name, shape, '[flags]'].filter((part) => part !== '');
  const sections = [
    `${command.summary.slice(0, 1).toUpperCase()}${command.summary.slice(1)}.`,
    usage.join(' '),
    ...(command.details === undefined ? [] : [command.details.join('\n')]),
    ...(command.flags.length === 0
      ? []
      : [['Flags', ...columns(command.flags.map(flagRow))].join('\n')]),
    ['Flags of every command', ...columns(globalFlags.map(flagRow))].join('\n'),
    ...(command.examples.length === 0
      ? []
      : [
          [
            'Examples',
            ...command.examples.map((line) => renderRemedy(`  ${line}`, { program })),
          ].join('\n'),
        ]),
  ];
  return sections.join('\n\n');
}

function flagRow(flag: Flag): readonly [string, string] {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  const value = flag.value === undefined ? '' : ` ${flag.value}`;
  const repeat = flag.repeatable === true ? '; repeatable' : '';
  return [`${short}--${flag.name}${value}`, `${flag.summary}${repeat}`];
}

function columns(
  rows: readonly (readonly [string, string])[],
  width = Math.max(...rows.map(([left]) => left.length)),
): readonly string[] {
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
