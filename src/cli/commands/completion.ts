// `modelctl completion SHELL`: a script that asks this program what a word could become.
import type { CommandRun } from '../command-context.ts';
import { completionScript, type Shell } from '../completion/script.ts';
import { exitCode } from '../exit-code.ts';

export const completion: CommandRun = async ({ given, output }) => {
  output.text(completionScript(given.positionals[0] as Shell).trimEnd());
  return exitCode.done;
};
