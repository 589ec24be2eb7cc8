// Prints a list, or what of it is named on the command line; a name that is nobody's is a problem.
import { errorProblem } from '../core/problem.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { type Listing, printList } from './list-output.ts';

/** All rows, or those that are named. Ends in `code`, unless a name is nobody's. */
export async function printNamed<Row>(
  listing: Listing<Row>,
  names: readonly string[],
  { output }: CommandContext,
  code: ExitCode,
  finds = (name: string): readonly Row[] =>
    listing.rows.filter((row) => listing.name?.(row).endsWith(`/${name}`)),
): Promise<ExitCode> {
  const missing = names.filter((name) => finds(name).length === 0);
  const ending = missing.length === 0 ? code : exitCode.invalid;
  const rows =
    names.length === 0 ? listing.rows : [...new Set(names.flatMap((name) => finds(name)))];
  if (rows.length > 0 || missing.length === 0)
    await printList({ ...listing, rows }, output, ending);
  for (const name of missing) {
    output.problem(
      errorProblem({
        code: 'cli/not-found',
        summary: 'Nothing has this name',
        detail: `There is no ${listing.kind.replace('List', '').toLowerCase()} "${name}" here.`,
        remedy: 'modelctl get',
      }),
    );
  }
  return ending;
}
