// A problem as compilers print one: place first, so that terminals and editors can jump to it;
// then what is wrong, why, and what to do. Outside text is escaped, never cut.
import type { Origin, Problem } from '../core/problem.ts';
import { escapeBlock, escapeText } from './escape.ts';
import { redact } from './redact.ts';
import type { Style } from './style.ts';
import { plainStyle } from './style.ts';

/** How the user typed this command, so that what is printed to be copied works as it stands. */
export interface Typed {
  /** `modelctl`, or `npx modelctl` in a checkout. */
  readonly program?: string;
  /** `-f models.yaml`, for a shell; empty when no manifests were named. */
  readonly manifests?: string;
}

export interface ProblemOptions extends Typed {
  readonly style?: Style;
  /** Files below it are shown relative to it. */
  readonly folder?: string;
}

/** Several lines, no line feed at the end. */
export function renderProblem(problem: Problem, options: ProblemOptions = {}): string {
  const style = options.style ?? plainStyle;
  const severity = problem.severity === 'error' ? style.bad('error:') : style.warning('warning:');
  const place =
    problem.origin === undefined
      ? ''
      : `${style.strong(renderOrigin(problem.origin, options.folder))}: `;
  const head = `${place}${severity} ${outside(problem.summary)} ${style.faint(`[${problem.code}]`)}`;
  const where = [problem.subject, problem.path]
    .filter((part) => part !== undefined && part !== '')
    .map((part) => escapeText(part ?? ''))
    .join(' ');
  const body = [
    ...(where === '' ? [] : [where]),
    outside(problem.detail),
    ...(problem.remedy === undefined ? [] : [showRemedy(outside(problem.remedy), options)]),
  ];
  return [head, ...body.map((text) => indent(text, '  '))].join('\n');
}

export const renderProblems = (
  problems: readonly Problem[],
  options: ProblemOptions = {},
): string => problems.map((problem) => renderProblem(problem, options)).join('\n\n');

/** `models.yaml:4:3`: relative to `folder` where it is below it. */
const renderOrigin = ({ file, line, column }: Origin, folder = ''): string =>
  `${renderPath(file, folder)}:${line}:${column}`;

/** Relative to `folder` where it is below it; standard input by its name. */
export function renderPath(path: string, folder: string): string {
  if (path === '-') return 'stdin';
  const isBelow =
    folder !== '' && path.startsWith(folder) && /^[\\/]/.test(path.slice(folder.length));
  return escapeText(isBelow ? path.slice(folder.length + 1) : path);
}

/**
 * Commands in a remedy as the user would type them here. A command stands alone: on an indented
 * line, in backticks, or as the whole remedy; elsewhere `modelctl` is just the name.
 */
export function renderRemedy(remedy: string, typed: Typed = {}): string {
  const commands = isCommand(remedy) ? /^()modelctl ([^\n`]+)/ : /(^[ \t]+|`)modelctl ([^\n`]+)/gm;
  return remedy.replace(
    commands,
    (_, before: string, rest: string) => before + retyped(rest, typed),
  );
}

/** Commands that need manifests are given those of this call, unless they name their own. */
function retyped(rest: string, { program = 'modelctl', manifests = '' }: Typed): string {
  const [verb = '', ...others] = rest.split(' ');
  const lacksManifests = manifests !== '' && planning.has(verb) && !others.includes('-f');
  return [program, verb, ...(lacksManifests ? [manifests] : []), ...others].join(' ');
}

const planning: ReadonlySet<string> = new Set([
  'plan',
  'diff',
  'apply',
  'lock',
  'outdated',
  'update',
  'verify',
  'repair',
]);

/** A remedy that is a command and nothing else is set off like any other command. */
const showRemedy = (remedy: string, typed: Typed): string =>
  isCommand(remedy) ? `\n    ${renderRemedy(remedy, typed)}` : renderRemedy(remedy, typed);

const isCommand = (remedy: string): boolean => /^modelctl [^\n]*([^\n.]|\.\.\.)$/.test(remedy);

/** Empty lines stay empty. */
export const indent = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : by + line))
    .join('\n');

const outside = (text: string): string => redact(escapeBlock(text));
