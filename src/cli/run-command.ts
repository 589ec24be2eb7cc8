// From argv to an exit code: parse, import the one command that was asked for, run it, and turn
// whatever ends it into words and a number. A problem is the user's to solve; any other error is
// ours, and ends in 70 with a report that holds no secrets.
import { AssertionError } from '../core/assert.ts';
import { ProblemError } from '../core/problem.ts';
import { createNodeIo } from '../io/node.ts';
import { renderProblems } from '../render/problem.ts';
import { isSet, parseArguments } from './arguments.ts';
import type { CommandContext, CommandRun } from './command-context.ts';
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts';
import { createOutput } from './output.ts';
import type { Terminal } from './terminal.ts';

export interface Invocation {
  readonly argv: readonly string[];
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly version: string;
  readonly runtime: string;
  /** Absolute: where this program's own package.json and schemas are. */
  readonly packageFolder: string;
}

// One import each, so that a command starts without the weight of the others.
const implementations: Readonly<Record<string, () => Promise<CommandRun>>> = {
  init: async () => (await import('./commands/init.ts')).init,
  validate: async () => (await import('./commands/validate.ts')).validate,
  plan: async () => (await import('./commands/plan.ts')).plan,
  diff: async () => (await import('./commands/diff.ts')).diff,
  apply: async () => (await import('./commands/apply.ts')).apply,
  cancel: async () => (await import('./commands/cancel.ts')).cancel,
  lock: async () => (await import('./commands/lock.ts')).lock,
  verify: async () => (await import('./commands/verify.ts')).verify,
  repair: async () => (await import('./commands/repair.ts')).repair,
  outdated: async () => (await import('./commands/outdated.ts')).outdated,
  update: async () => (await import('./commands/update.ts')).update,
  bundle: async () => (await import('./commands/bundle.ts')).bundle,
  restore: async () => (await import('./commands/restore.ts')).restore,
  watch: async () => (await import('./commands/watch.ts')).watch,
  suspend: async () => (await import('./commands/suspend.ts')).suspend,
  resume: async () => (await import('./commands/resume.ts')).resume,
  reconcile: async () => (await import('./commands/reconcile.ts')).reconcile,
  get: async () => (await import('./commands/get.ts')).get,
  describe: async () => (await import('./commands/describe.ts')).describe,
  explain: async () => (await import('./commands/explain.ts')).explain,
  run: async () => (await import('./commands/run.ts')).run,
  approve: async () => (await import('./commands/approve.ts')).approve,
  adopt: async () => (await import('./commands/adopt.ts')).adopt,
  history: async () => (await import('./commands/history.ts')).history,
  engine: async () => (await import('./commands/engine.ts')).engine,
  completion: async () => (await import('./commands/completion.ts')).completion,
  version: async () => (await import('./commands/version.ts')).version,
  help: async () => (await import('./commands/help.ts')).help,
  __complete: async () => (await import('./commands/complete.ts')).complete,
};

export async function runCommand(invocation: Invocation): Promise<ExitCode> {
  const { argv, terminal, signal, version, packageFolder } = invocation;
  const program = programName(terminal);
  const parsed = parseArguments(argv);
  if (!parsed.ok) {
    terminal.stderr.write(`${renderProblems(parsed.problems, { program })}\n`);
    return exitCode.invalid;
  }
  const given = parsed.value;
  const { command } = given;
  const implementation = command === null ? undefined : implementations[command.name];
  if (implementation === undefined || isSet(given, 'help')) {
    const { renderHelp } = await import('./help.ts');
    terminal.stdout.write(`${renderHelp(command, program)}\n`);
    return exitCode.done;
  }
  const output = createOutput({ terminal, given, version, program });
  const context: CommandContext = {
    given,
    output,
    terminal,
    io: async () => createNodeIo(),
    signal,
    version,
    program,
    packageFolder,
  };
  const code = await runOrConclude(implementation, context, invocation);
  output.end(code);
  return code;
}

async function runOrConclude(
  implementation: () => Promise<CommandRun>,
  context: CommandContext,
  invocation: Invocation,
): Promise<ExitCode> {
  try {
    return await (await implementation())(context);
  } catch (error) {
    return conclude(error, context, invocation);
  }
}

async function conclude(
  error: unknown,
  context: CommandContext,
  invocation: Invocation,
): Promise<ExitCode> {
  const { given, output, signal, terminal } = context;
  if (error instanceof ProblemError) {
    output.problem(error.problem);
    return signal.aborted ? exitCode.interrupted : exitCodeOf(error.problem);
  }
  if (signal.aborted && !(error instanceof AssertionError)) return exitCode.interrupted;
  const { version, runtime } = invocation;
  const command = given.command?.name ?? '';
  const { renderCrash } = await import('./crash.ts');
  const report = renderCrash(error, { command, version, runtime, verbose: output.verbose });
  terminal.stderr.write(`${report}\n`);
  return exitCode.bug;
}

/** npx tells its children so; what is printed to be copied then begins with it. */
const programName = (terminal: Terminal): string =>
  terminal.environment('npm_command') === 'exec' ? 'npx modelctl' : 'modelctl';
