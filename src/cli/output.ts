// Where results and remarks go: results to stdout in the format that was asked for, all else to
// stderr. One mechanism for every command, so that -o, --json and -q mean the same everywhere.
import type { Problem } from '../core/problem.ts';
import { type Document, problemDocument } from '../render/document.ts';
import { escapeText } from '../render/escape.ts';
import { type EventObject, resultEvent, versionEvent } from '../render/event.ts';
import { renderProblem, type Typed } from '../render/problem.ts';
import { colourStyle, plainStyle, type Style } from '../render/style.ts';
import { type Arguments, isSet, valueOf, valuesOf } from './arguments.ts';
import { flagsOf } from './command-line.ts';
import type { ExitCode } from './exit-code.ts';
import { quoted } from './shell.ts';
import type { Terminal, TextStream } from './terminal.ts';

export type Format = 'text' | 'table' | 'wide' | 'json' | 'yaml' | 'name' | 'markdown';

export interface Output {
  /** `text` when no -o was given. */
  readonly format: Format;
  /** `--json`: stdout is a stream of events. */
  readonly streaming: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly typed: Typed;
  /** Of stdout. */
  readonly style: Style;
  /** Of stderr. */
  readonly remarkStyle: Style;
  /** A result for people, on stdout. Dropped when stdout carries data. */
  readonly text: (text: string) => void;
  /** One `kind/name` a line, on stdout, for `-o name`; dropped in every other format. */
  readonly names: (names: readonly string[]) => void;
  /** A result as data, on stdout; dropped in the human formats. */
  readonly document: (document: Document, exitCode: ExitCode) => Promise<void>;
  /** One line of an event stream; dropped unless streaming. */
  readonly event: (event: EventObject) => void;
  /** Ends an event stream with its result, unless a document has done so. */
  readonly end: (exitCode: ExitCode) => void;
  /** A remark for people, on stderr; dropped with -q or when streaming. */
  readonly remark: (text: string) => void;
  /** On stderr, whatever the format; in a stream an event instead. */
  readonly problem: (problem: Problem) => void;
}

export interface OutputOptions {
  readonly terminal: Terminal;
  readonly given: Arguments;
  readonly version: string;
  readonly program: string;
}

export function createOutput({ terminal, given, version, program }: OutputOptions): Output {
  const known = new Set(flagsOf(given.command).map((flag) => flag.name));
  const streaming = known.has('json') && isSet(given, 'json');
  const format = ((known.has('output') ? valueOf(given, 'output') : undefined) ?? 'text') as Format;
  const quiet = isSet(given, 'quiet');
  const inputs = known.has('filename') ? valuesOf(given, 'filename') : [];
  const typed = { program, manifests: inputs.map((input) => `-f ${quoted(input)}`).join(' ') };
  const asData = streaming || format === 'json' || format === 'yaml' || format === 'name';
  const style = styleOf(terminal.stdout, terminal, given);
  const remarkStyle = styleOf(terminal.stderr, terminal, given);
  const event = (object: EventObject): void => {
    if (streaming) terminal.stdout.write(`${JSON.stringify(object)}\n`);
  };
  event(versionEvent(version));
  let hasEnded = false;
  let isAfterProblem = false;
  const result = (exitCode: ExitCode, document: Document | null): void => {
    if (!hasEnded) event(resultEvent(exitCode, document));
    hasEnded = true;
  };
  return {
    format,
    streaming,
    quiet,
    verbose: isSet(given, 'verbose'),
    typed,
    style,
    remarkStyle,
    text: (text) => {
      if (!asData && text !== '') terminal.stdout.write(`${text}\n`);
    },
    names: (names) => {
      if (format === 'name')
        terminal.stdout.write(names.map((name) => `${escapeText(name)}\n`).join(''));
    },
    document: async (document, exitCode) => {
      if (streaming) result(exitCode, document);
      else if (format === 'json') terminal.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
      else if (format === 'yaml') {
        const { renderYaml } = await import('../render/yaml.ts');
        terminal.stdout.write(renderYaml(document));
      }
    },
    event,
    end: (exitCode) => result(exitCode, null),
    remark: (text) => {
      if (quiet || streaming || text === '') return;
      terminal.stderr.write(`${text}\n`);
      isAfterProblem = false;
    },
    problem: (problem) => {
      if (streaming) event({ type: 'problem', problem: problemDocument(problem) });
      else {
        const folder = terminal.workingFolder;
        const text = renderProblem(problem, { style: remarkStyle, ...typed, folder });
        terminal.stderr.write(`${isAfterProblem ? '\n' : ''}${text}\n`);
        isAfterProblem = true;
      }
    },
  };
}

function styleOf(stream: TextStream, terminal: Terminal, given: Arguments): Style {
  const wanted =
    stream.isTty &&
    !isSet(given, 'no-color') &&
    (terminal.environment('NO_COLOR') ?? '') === '' &&
    terminal.environment('TERM') !== 'dumb';
  return wanted ? colourStyle : plainStyle;
}
