// `modelctl get registries -f FILE`: where models come from, and how each place is reached now.
import { declaredRegistries } from '../declared-registries.ts';
import { load } from '../manifest/load.ts';
import { registryColumns, registryItem } from '../render/registry-table.ts';
import { selfNames } from '../set-routes.ts';
import { valueOf } from './arguments.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts';
import { printNamed } from './named-list.ts';
import { inputsOf } from './reconcile-request.ts';

export async function getRegistries(
  names: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const { given, output, signal } = context;
  const io = await context.io();
  const loaded = await load(inputsOf(given), io, signal);
  for (const problem of loaded.problems) output.problem(problem);
  if (!loaded.ok) {
    const [problem] = loaded.problems;
    return problem === undefined ? exitCode.invalid : exitCodeOf(problem);
  }
  const self = selfNames(valueOf(given, 'host'), io);
  const listing = {
    kind: 'RegistryList',
    rows: declaredRegistries(loaded.value, self, io.clock.now()),
    columns: registryColumns,
    item: registryItem,
    name: ({ name }: { readonly name: string }) => `registry/${name}`,
    empty: 'No Registry is declared there; sources are reached directly.',
  };
  return printNamed(listing, names, context, exitCode.done);
}
