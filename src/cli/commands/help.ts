// `modelctl help [COMMAND]`.
import { didYouMean } from '../../core/did-you-mean.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { CommandRun } from '../command-context.ts';
import { commandNamed, commands } from '../commands.ts';
import { exitCode } from '../exit-code.ts';
import { renderHelp } from '../help.ts';

export const help: CommandRun = async ({ given, output, program }) => {
  const [name] = given.positionals;
  const command = name === undefined ? null : commandNamed(name);
  if (name !== undefined && command === null) throw unknownCommand(name);
  output.text(renderHelp(command, program));
  return exitCode.done;
};

function unknownCommand(name: string): ProblemError {
  const visible = commands.filter(({ hidden }) => hidden !== true).map((one) => one.name);
  const near = didYouMean(name, visible);
  return new ProblemError(
    errorProblem({
      code: 'cli/unknown-command',
      summary: 'Unknown command',
      detail: `There is no command "${name}".${near === null ? '' : ` Did you mean "${near}"?`}`,
      remedy: 'modelctl help',
    }),
  );
}
