// Which sets own something here, as the ledger has it. Pure.
import { compareText } from '../core/canonical.ts';
import type { InventoryEntry } from '../core/inventory.ts';
import type { SurveyedSet } from '../core/surveyed.ts';

export const setsOf = (
  inventory: readonly InventoryEntry[],
  locationOf: (set: string) => string | null,
): readonly SurveyedSet[] =>
  [...Map.groupBy(inventory, ({ set }) => set)]
    .map(([id, entries]) => ({
      id,
      location: locationOf(id),
      models: [...new Set(entries.map(({ model }) => model))].toSorted(compareText),
    }))
    .toSorted((a, b) => compareText(a.id, b.id));
