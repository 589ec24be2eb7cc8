// What the process was started with: variables, host name, folders. Read when asked, because a
// home that cannot be told is no concern of those who never need it.
import { homedir, hostname } from 'node:os';
import process from 'node:process';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { Environment } from '../io.ts';

/** Folders that the system cannot tell are a ProblemError on access, with a way out. */
export const createNodeEnvironment = (): Environment => ({
  get: (name) => process.env[name],
  get hostname() {
    return hostname();
  },
  get homeFolder() {
    return orProblem(homedir, {
      code: 'environment/no-home',
      summary: 'The home folder is not known',
      detail: 'HOME is not set, and the system knows no home folder for this user.',
      remedy: 'Say where modelctl may keep its state:\n\n    export MODELCTL_HOME=/path/to/folder',
    });
  },
  get workingFolder() {
    return orProblem(() => process.cwd(), {
      code: 'environment/no-working-folder',
      summary: 'The current folder is gone',
      detail: 'The folder that this command was started in was removed or cannot be entered.',
      remedy: 'Go to a folder that exists and run the command again.',
    });
  },
  platform: process.platform,
});

function orProblem(read: () => string, problem: Parameters<typeof errorProblem>[0]): string {
  try {
    return read();
  } catch (cause) {
    throw new ProblemError(errorProblem(problem), { cause });
  }
}
