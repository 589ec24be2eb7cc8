// From argv to what was asked for, by the table of commands. Pure. Every mistake is a problem
// that names the word, says what is allowed and what was probably meant.
import { assert } from '../core/assert.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { parseDuration } from '../core/duration.ts';
import { type Checked, checked, errorProblem, type Problem, refused } from '../core/problem.ts';
import { parseRate } from '../core/rate.ts';
import { type Command, type Flag, flagsOf, globalFlags } from './command-line.ts';
import { commandNamed, commands } from './commands.ts';

export interface Arguments {
  /** Null when none was given: only global flags were. */
  readonly command: Command | null;
  readonly positionals: readonly string[];
  /** By long name; flags without a value hold `true`. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

interface Scan {
  command: Command | null;
  readonly positionals: string[];
  readonly values: Map<string, string[]>;
  readonly problems: Problem[];
}

export function parseArguments(argv: readonly string[]): Checked<Arguments> {
  const scan: Scan = { command: null, positionals: [], values: new Map(), problems: [] };
  let index = 0;
  while (index < argv.length) {
    const word = argv[index] ?? '';
    if (word === '--') {
      for (const rest of argv.slice(index + 1)) scan.positionals.push(rest);
      break;
    }
    if (word.startsWith('--')) index += takeLong(scan, word, argv[index + 1]);
    else if (word.startsWith('-') && word !== '-') index += takeShort(scan, word, argv[index + 1]);
    else {
      takeWord(scan, word);
      // Nothing after an unknown command can be judged.
      if (scan.command === null) return refused(...scan.problems);
      index += 1;
    }
  }
  if (!scan.values.has('help')) checkPositionals(scan);
  if (scan.problems.length > 0) return refused(...scan.problems);
  return checked({ command: scan.command, positionals: scan.positionals, values: scan.values });
}

export const isSet = ({ values, command }: Arguments, name: string): boolean => {
  assertKnown(command, name);
  return values.get(name)?.at(-1) === 'true';
};

/** Every value in the order given; empty when the flag was not. */
export const valuesOf = ({ values, command }: Arguments, name: string): readonly string[] => {
  assertKnown(command, name);
  return values.get(name) ?? [];
};

export const valueOf = (given: Arguments, name: string): string | undefined =>
  valuesOf(given, name).at(-1);

export const countOf = (given: Arguments, name: string): number | undefined => {
  const value = valueOf(given, name);
  return value === undefined ? undefined : Number(value);
};

function assertKnown(command: Command | null, name: string): void {
  assert(
    flagsOf(command).some((flag) => flag.name === name),
    `${command?.name ?? 'modelctl'} has no flag --${name}`,
  );
}

function takeWord(scan: Scan, word: string): void {
  if (scan.command !== null) {
    scan.positionals.push(word);
    return;
  }
  scan.command = commandNamed(word);
  if (scan.command !== null) return;
  const visible = commands.filter((command) => command.hidden !== true);
  const near = didYouMean(
    word,
    visible.map((command) => command.name),
  );
  scan.problems.push(
    usage(
      'cli/unknown-command',
      'Unknown command',
      `There is no command "${word}".`,
      near === null ? 'modelctl help' : `Did you mean this?\n\n    modelctl ${near}`,
    ),
  );
}

/** Returns how many words were used. */
function takeLong(scan: Scan, word: string, next: string | undefined): 1 | 2 {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const flag = flagsOf(scan.command).find((known) => known.name === name);
  if (flag === undefined) {
    scan.problems.push(unknownFlag(scan, `--${name}`));
    return 1;
  }
  if (equals >= 0) {
    setValue(scan, flag, word.slice(equals + 1));
    return 1;
  }
  if (flag.value === undefined) {
    setValue(scan, flag, 'true');
    return 1;
  }
  return takeNext(scan, flag, next);
}

/** `-f FILE`, `-fFILE`, `-f=FILE`, `-qv`. Returns how many words were used. */
function takeShort(scan: Scan, word: string, next: string | undefined): 1 | 2 {
  for (let at = 1; at < word.length; at += 1) {
    const letter = word[at] ?? '';
    const flag = flagsOf(scan.command).find((known) => known.short === letter);
    if (flag === undefined) {
      scan.problems.push(unknownFlag(scan, `-${letter}`));
      return 1;
    }
    const rest = word.slice(at + 1);
    if (flag.value !== undefined) {
      if (rest === '') return takeNext(scan, flag, next);
      setValue(scan, flag, rest.replace(/^=/, ''));
      return 1;
    }
    setValue(scan, flag, 'true');
  }
  return 1;
}

function takeNext(scan: Scan, flag: Flag, next: string | undefined): 1 | 2 {
  // A lone dash is standard input; anything else with a dash is the next flag, its value forgotten.
  if (next === undefined || (next.startsWith('-') && next !== '-')) {
    scan.problems.push(
      usage(
        'cli/missing-value',
        'Missing value',
        `${shown(flag)} needs a value.`,
        `${shown(flag)} ${flag.value ?? ''}`,
      ),
    );
    return 1;
  }
  setValue(scan, flag, next);
  return 2;
}

function setValue(scan: Scan, flag: Flag, value: string): void {
  const problem = judgeValue(flag, value);
  if (problem !== null) scan.problems.push(problem);
  const before = scan.values.get(flag.name) ?? [];
  if (before.length > 0 && flag.value !== undefined && flag.repeatable !== true) {
    scan.problems.push(
      usage('cli/repeated-flag', 'Flag given twice', `${shown(flag)} can be given only once.`),
    );
  }
  scan.values.set(flag.name, [...before, value]);
}

function judgeValue(flag: Flag, value: string): Problem | null {
  const { type = 'text' } = flag;
  if (flag.value === undefined) {
    if (value === 'true' || value === 'false') return null;
    return invalid(flag, value, 'It is a switch: true or false.');
  }
  if (value === '') return invalid(flag, value, 'It must not be empty.');
  if (type === 'count') {
    return /^[0-9]{1,9}$/.test(value) ? null : invalid(flag, value, 'It must be a whole number.');
  }
  if (type === 'duration') {
    return !Number.isFinite(parseDuration(value))
      ? invalid(flag, value, 'It must be a duration, as in 30s or 1m30s.')
      : null;
  }
  if (type === 'rate') {
    return (parseRate(value) ?? 0) > 0
      ? null
      : invalid(flag, value, 'It must be a rate, as in 10MB/s, 500kB/s or unlimited.');
  }
  if (type === 'text' || type.includes(value)) return null;
  const near = didYouMean(value, type);
  const hint = near === null ? '' : ` Did you mean "${near}"?`;
  return invalid(flag, value, `Allowed are ${type.join(', ')}.${hint}`);
}

function checkPositionals(scan: Scan): void {
  const { command, positionals } = scan;
  if (command === null) return;
  const { min, max, usage: shape, choices } = command.positionals ?? { min: 0, max: 0, usage: '' };
  const call = `modelctl ${command.name} ${shape}`.trimEnd();
  if (positionals.length < min) {
    scan.problems.push(
      usage(
        'cli/missing-argument',
        'Missing argument',
        `${command.name} needs ${shape.replace(/\.\.\.$/, '')}.`,
        call,
      ),
    );
  }
  const extra = positionals[max];
  if (extra !== undefined) {
    scan.problems.push(
      usage(
        'cli/unexpected-argument',
        'Unexpected argument',
        `"${extra}" has no meaning here.${takesFiles(command) ? ' Several files are given with -f each, or as a glob in quotes.' : ''}`,
        call,
      ),
    );
  }
  const first = positionals[0];
  if (choices === undefined || first === undefined || choices.includes(first)) return;
  const near = didYouMean(first, choices);
  scan.problems.push(
    usage(
      'cli/invalid-argument',
      'Invalid argument',
      `"${first}" is not one of ${choices.join(', ')}.${near === null ? '' : ` Did you mean "${near}"?`}`,
      call,
    ),
  );
}

const takesFiles = (command: Command): boolean =>
  command.flags.some((flag) => flag.name === 'filename');

function unknownFlag(scan: Scan, word: string): Problem {
  const flags = scan.command === null ? globalFlags : flagsOf(scan.command);
  const near = word.startsWith('--')
    ? didYouMean(
        word.slice(2),
        flags.map(({ name }) => name),
      )
    : null;
  const of = scan.command === null ? 'modelctl' : `modelctl ${scan.command.name}`;
  return usage(
    'cli/unknown-flag',
    'Unknown flag',
    `${of} has no flag ${word}.${near === null ? '' : ` Did you mean --${near}?`}`,
    scan.command === null ? 'modelctl help' : `modelctl help ${scan.command.name}`,
  );
}

const invalid = (flag: Flag, value: string, why: string): Problem =>
  usage('cli/invalid-value', 'Invalid value', `${shown(flag)} cannot be "${value}". ${why}`);

const shown = (flag: Flag): string => `--${flag.name}`;

const usage = (code: string, summary: string, detail: string, remedy?: string): Problem =>
  errorProblem({ code, summary, detail, ...(remedy === undefined ? {} : { remedy }) });
