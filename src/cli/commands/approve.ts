// `modelctl approve NAME...`: a person allows the next prune to evict what modelctl found instead
// of brought, or what is declared with lifecycle.prune: Confirm.

import type { InventoryEntry } from '../../core/inventory.ts';
import { placementKey } from '../../core/key.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import { renderBackend, renderName } from '../../render/placement.ts';
import type { CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { writingLedger } from '../ledger-access.ts';
import { ownedNamed } from '../owned-named.ts';

export const approve: CommandRun = async (context) => {
  const { given, output, signal } = context;
  const io = await context.io();
  const { environment, clock } = io;
  const who = environment.get('USER') ?? environment.get('USERNAME') ?? environment.hostname;
  const command = `modelctl approve ${given.positionals.join(' ')}`;
  const approved = await writingLedger({ io, signal, command }, (ledger) => {
    const inventory = ledger.inventory();
    // All names first: a typo in one of them approves nothing.
    const entries = given.positionals.flatMap((name) => named(inventory, name));
    for (const entry of entries) ledger.approve(placementKey(entry), who, clock.now());
    return entries;
  });
  for (const entry of approved) {
    output.text(`Approved: ${renderName(entry)} on ${renderBackend(entry)} may be evicted.`);
  }
  output.remark('It happens with the next `apply --prune`, once it is no longer declared.');
  return exitCode.done;
};

function named(inventory: readonly InventoryEntry[], name: string): readonly InventoryEntry[] {
  const entries = ownedNamed(inventory, name);
  if (entries.length > 0) return entries;
  throw new ProblemError(
    errorProblem({
      code: 'cli/not-owned',
      summary: 'modelctl does not own this',
      detail: `No set on this machine owns "${name}", so no prune would evict it.`,
      remedy: 'See what is owned:\n\n    modelctl get -o wide',
    }),
  );
}
