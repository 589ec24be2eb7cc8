// `modelctl get transfers`: what is under way or was left unfinished, with the bytes that it takes.
import { transferColumns, transferItem } from '../render/transfer-table.ts';
import { listTransfers } from '../transfers.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts';
import { printNamed } from './named-list.ts';
import { transfersNamed } from './transfer-named.ts';

export async function getTransfers(
  names: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const io = await context.io();
  const { transfers, problem } = await listTransfers(io);
  if (problem !== null) context.output.problem(problem);
  const listing = {
    kind: 'TransferList',
    rows: transfers,
    columns: transferColumns(io.clock.now()),
    item: transferItem,
    name: ({ digest }: (typeof transfers)[number]) => `transfer/${digest}`,
    empty: 'No transfers.',
  };
  const code = problem === null ? exitCode.done : exitCodeOf(problem);
  return printNamed(listing, names, context, code, (name) => transfersNamed(transfers, name));
}
