// Stage 6: what a run means for the inventory. Pure. Before the first effect everything that is
// owned or about to be is on record; afterwards only what was seen to be gone, or was given up to
// another set, leaves it. Whatever is in doubt stays.
import type { ChangeSet } from '../core/changeset.ts';
import type { Digest } from '../core/digest.ts';
import { type InventoryEntry, placementOfSet } from '../core/inventory.ts';
import { type Placement, type PlacementKey, placementKey, placementOf } from '../core/key.ts';
import type { Details } from '../core/observed.ts';
import { wantedDigest } from '../core/wanted.ts';
import {
  currentEntries,
  isBuild,
  newEntry,
  ownEntries,
  type RecordInput,
  seen,
} from './entries.ts';
import { withoutEffect } from './facts.ts';
import type { Contest } from './ledger/contested.ts';
import type { Settlement } from './ledger/steps.ts';

export type { RecordInput } from './entries.ts';

/** The superset: everything owned by the set, and everything that the plan is about to make. */
export function entriesBeforeRun(input: RecordInput): readonly InventoryEntry[] {
  const entries = new Map(currentEntries(input));
  for (const action of input.plan.actions) {
    const key = placementKey(action);
    const placement = input.desired.placements.get(key);
    if (placement === undefined || entries.has(key) || !isBuild(action)) continue;
    entries.set(key, newEntry(input.desired.set, placement));
  }
  return [...entries.values()];
}

type Settled = Pick<Settlement, 'entries' | 'absent' | 'closed' | 'learned' | 'contests'>;

/**
 * The inventory after a run, or after a look that led to none (`changes` null). `input.ledger` is
 * the ledger as it is then; plan and observation are those from before the run.
 */
export function settlementOf(
  input: RecordInput,
  changes: Pick<ChangeSet, 'entries'> | null,
): Settled {
  const absent = absentKeys(input, changes);
  const dropped = new Set(absent);
  const asWanted = keysAsWanted(input, changes);
  const learned = new Map<string, ReadonlyMap<Digest, Details>>();
  for (const [key, backend] of input.observed.backends) {
    if (backend.kind === 'reachable') learned.set(key, backend.learned);
  }
  const entries = [...currentEntries(input)].filter(([key]) => !dropped.has(key));
  return {
    entries: entries.map(([key, entry]) => settledAs(key, entry, input, asWanted)),
    absent,
    closed: resolvedIntents(input, changes),
    learned,
    contests: contestsOf(input),
  };
}

/** Names that are as wanted now, or were made so by this run, with nothing left open. */
function keysAsWanted(
  { plan }: RecordInput,
  changes: Pick<ChangeSet, 'entries'> | null,
): ReadonlySet<PlacementKey> {
  const keys = new Set(plan.unchanged.map(placementKey));
  const open = new Set(plan.held.map(placementKey));
  for (const { action, outcome } of changes?.entries ?? []) {
    const key = placementKey(action);
    keys.add(key);
    if (withoutEffect.has(outcome)) open.add(key);
  }
  return keys.difference(open);
}

/** Drift is told from an edit by this. */
function settledAs(
  key: PlacementKey,
  entry: InventoryEntry,
  { desired }: RecordInput,
  asWanted: ReadonlySet<PlacementKey>,
): InventoryEntry {
  const placement = desired.placements.get(key);
  return placement === undefined || !asWanted.has(key)
    ? entry
    : { ...entry, settled: wantedDigest(placement) };
}

/** Given up now; and what was given up before and has been edited or left since. */
function contestsOf({ plan, desired, ledger }: RecordInput): Settled['contests'] {
  const given = new Map<PlacementKey, Contest>();
  for (const [text, wanted] of ledger.contested) {
    const key = text.slice(desired.set.length + 1) as PlacementKey;
    if (text !== placementOfSet(desired.set, key)) continue;
    const placement = desired.placements.get(key);
    if (placement !== undefined && wantedDigest(placement) === wanted) continue;
    given.set(key, { key, model: placement?.model ?? '', wanted: null });
  }
  for (const { untilEdited, model, ...at } of plan.held) {
    const key = placementKey(at);
    const placement = desired.placements.get(key);
    if (untilEdited !== true || placement === undefined) continue;
    given.set(key, { key, model, wanted: wantedDigest(placement) });
  }
  return [...given.values()];
}

/**
 * Not wanted, or not asked for now, and seen to be gone, with nothing built there since; given up
 * to another set; or put on record for an action that never began.
 */
function absentKeys(
  input: RecordInput,
  changes: Pick<ChangeSet, 'entries'> | null,
): readonly PlacementKey[] {
  const { plan, desired, observed, ledger } = input;
  // What could not be unloaded before it is given up would be nobody's to unload.
  const stillLoaded = new Set(
    (changes?.entries ?? [])
      .filter(({ action, outcome }) => action.kind === 'unload' && withoutEffect.has(outcome))
      .map(({ action }) => placementKey(action)),
  );
  const released = new Set(plan.released.map(placementKey).filter((key) => !stillLoaded.has(key)));
  const built = new Set(
    (changes?.entries ?? [])
      .filter(({ action, outcome }) => isBuild(action) && outcome !== 'skipped')
      .map(({ action }) => placementKey(action)),
  );
  const isGone = (key: PlacementKey, at: Placement): boolean =>
    desired.complete && !built.has(key) && seen(observed, at) === 'nothing';
  const neverBegun = (key: PlacementKey, { digest }: InventoryEntry): boolean =>
    desired.complete && digest === null && !ledger.interrupted.has(key);
  const isLeaving = (key: PlacementKey, { model }: InventoryEntry): boolean =>
    !desired.placements.has(key) && !desired.heldModels.has(model);
  // What is kept while it is there, and not brought, is nobody's once it is gone.
  const isOptional = (key: PlacementKey): boolean =>
    desired.placements.get(key)?.residency === 'optional';
  return [...ownEntries(input)]
    .filter(([key, entry]) =>
      isLeaving(key, entry)
        ? released.has(key) || neverBegun(key, entry) || isGone(key, entry)
        : isOptional(key) && isGone(key, entry),
    )
    .map(([key]) => key);
}

/** Names where an earlier run was cut off, and what is there is now known. */
function resolvedIntents(
  { plan, observed, ledger }: RecordInput,
  changes: Pick<ChangeSet, 'entries'> | null,
): readonly PlacementKey[] {
  const building = new Set(plan.actions.filter(isBuild).map(placementKey));
  const done = (changes?.entries ?? []).filter(({ outcome }) => outcome !== 'skipped');
  // Unloaded for its own sake: then the name holds what it should.
  const released = done.filter(
    ({ action, outcome }) =>
      action.kind === 'unload' &&
      action.reason === 'residency-drift' &&
      !withoutEffect.has(outcome) &&
      !building.has(placementKey(action)),
  );
  const asWanted = new Set(
    [...plan.unchanged, ...released.map(({ action }) => action)].map(placementKey),
  );
  const acted = new Set(
    done.filter((one) => !released.includes(one)).map(({ action }) => placementKey(action)),
  );
  const interrupted = [...(ledger.interrupted as ReadonlySet<PlacementKey>)];
  return interrupted.filter(
    (key) =>
      // An action of this run that is still open ended as `unknown`: it came after the look.
      !acted.has(key) && (asWanted.has(key) || seen(observed, placementOf(key)) === 'nothing'),
  );
}
