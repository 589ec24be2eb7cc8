// What every command is given, and the shape of a command: one function from that to an exit code.
import type { Io } from '../io/io.ts';
import type { Arguments } from './arguments.ts';
import type { ExitCode } from './exit-code.ts';
import type { Output } from './output.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly given: Arguments;
  readonly output: Output;
  readonly terminal: Terminal;
  /** The real ports, made when first asked for: printing help needs none. */
  readonly io: () => Promise<Io>;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  readonly version: string;
  /** How the user calls this program: `modelctl`, or `npx modelctl` in a checkout. */
  readonly program: string;
  /** Absolute: where this program's own package.json and schemas are. */
  readonly packageFolder: string;
}

/** Throws ProblemError for what a person can act on; anything else thrown is our bug. */
export type CommandRun = (context: CommandContext) => Promise<ExitCode>;
