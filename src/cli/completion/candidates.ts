// What the last word of a command line could become, from the table of commands. Pure: names that
// live in the ledger are asked for by whoever calls.
import { type Command, type Completes, type Flag, flagsOf } from '../command-line.ts';
import { commandNamed, commands } from '../commands.ts';

export interface Candidate {
  readonly text: string;
  readonly description: string;
}

/** Names that are not in the table of commands. */
export type Live = Exclude<Extract<Completes, string>, 'file' | 'command'>;

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Of a kind that only the caller can list. */
  readonly live: Live | null;
  readonly files: boolean;
  /** Stands before every live candidate: `--target=`. */
  readonly prefix: string;
}

const nothing: Completion = { candidates: [], live: null, files: false, prefix: '' };

/** `words` are those after the program's name; the last one is being typed and may be empty. */
export function completionOf(words: readonly string[]): Completion {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const scan = scanWords(before);
  if (scan.afterDashes) return completeValue(scan.command?.positionals?.completes);
  if (scan.awaiting !== null) return completeValue(valuesOf(scan.awaiting));
  if (typed.startsWith('--') && typed.includes('=')) {
    const name = typed.slice(2, typed.indexOf('='));
    const flag = flagsOf(scan.command).find((known) => known.name === name);
    return flag === undefined ? nothing : completeValue(valuesOf(flag), `--${name}=`);
  }
  if (typed.startsWith('-'))
    return { ...nothing, candidates: flagCandidates(scan.command, before) };
  if (scan.command === null) return { ...nothing, candidates: commandCandidates() };
  const { positionals } = scan.command;
  if (positionals === undefined || scan.positionals >= positionals.max) return nothing;
  if (positionals.namesOf !== undefined && scan.first !== null) {
    return completeValue(positionals.namesOf[scan.first]);
  }
  if (scan.command.name === 'run' && scan.positionals > 0) return nothing;
  return completeValue(positionals.completes);
}

interface WordScan {
  readonly command: Command | null;
  /** How many positionals have been given. */
  readonly positionals: number;
  readonly first: string | null;
  /** The flag whose value comes next. */
  readonly awaiting: Flag | null;
  readonly afterDashes: boolean;
}

function scanWords(words: readonly string[]): WordScan {
  let scan: WordScan = {
    command: null,
    positionals: 0,
    first: null,
    awaiting: null,
    afterDashes: false,
  };
  for (const word of words) {
    if (scan.awaiting !== null) scan = { ...scan, awaiting: null };
    else if (word === '--') return { ...scan, afterDashes: true };
    else if (word.startsWith('-') && word !== '-')
      scan = { ...scan, awaiting: awaits(scan.command, word) };
    else if (scan.command === null) scan = { ...scan, command: commandNamed(word) };
    else scan = { ...scan, positionals: scan.positionals + 1, first: scan.first ?? word };
  }
  return scan;
}

function awaits(command: Command | null, word: string): Flag | null {
  const flag = flagsOf(command).find(
    (known) =>
      word === `--${known.name}` || (known.short !== undefined && word === `-${known.short}`),
  );
  return flag?.value === undefined ? null : flag;
}

const valuesOf = (flag: Flag): Completes | undefined =>
  flag.completes ?? (typeof flag.type === 'object' ? flag.type : undefined);

function completeValue(completes: Completes | undefined, prefix = ''): Completion {
  if (completes === undefined) return nothing;
  if (completes === 'file') return { ...nothing, files: true };
  if (completes === 'command') return { ...nothing, candidates: commandCandidates() };
  if (typeof completes === 'string') return { ...nothing, live: completes, prefix };
  return {
    ...nothing,
    candidates: completes.map((text) => ({ text: prefix + text, description: '' })),
  };
}

/** What was named with `name` so far, as in `-f FILE`. */
export function givenValues(words: readonly string[], name: string): readonly string[] {
  const scan = words.map((_, index) => scanWords(words.slice(0, index)).awaiting?.name === name);
  return words.flatMap((word, index) => {
    if (scan[index] === true) return [word];
    return word.startsWith(`--${name}=`) ? [word.slice(name.length + 3)] : [];
  });
}

const commandCandidates = (): readonly Candidate[] =>
  commands
    .filter(({ hidden }) => hidden !== true)
    .map(({ name, summary }) => ({ text: name, description: summary }));

const flagCandidates = (command: Command | null, before: readonly string[]): readonly Candidate[] =>
  flagsOf(command)
    .filter(({ name, repeatable }) => repeatable === true || !before.includes(`--${name}`))
    .map(({ name, summary }) => ({ text: `--${name}`, description: summary }));
