// The ledger's steps, each one transaction: what a crash leaves behind is always the state before
// a step or after it.
import { assert } from '../../core/assert.ts';
import { canonicalJson, sameJson } from '../../core/canonical.ts';
import type { ChangeSetEntry, Outcome } from '../../core/changeset.ts';
import { type InventoryEntry, placementOfSet } from '../../core/inventory.ts';
import {
  backendKey,
  type Placement,
  type PlacementKey,
  placementKey,
  placementOf,
} from '../../core/key.ts';
import type { Action } from '../../core/plan.ts';
import { writeContest } from './contested.ts';
import type { Database } from './database.ts';
import { intentOf, type LedgerState } from './read.ts';
import type { ActionFacts, RunScope, RunStart, Settlement } from './steps.ts';
import {
  dropApproval,
  dropEntry,
  dropUnownedApproval,
  endIntents,
  endOlderIntents,
  lastIntent,
  putBackend,
  putDetails,
  putEntry,
  putMade,
} from './tables.ts';

/** Older entries go when a run begins; open ones and what the guard counts are far younger. */
const historyRowsMax = 100_000;

export function writeStart(
  database: Database,
  state: LedgerState,
  { entries, ...scope }: RunStart,
): void {
  const changed = changedEntries(state, scope.set, entries);
  database.write(() => {
    writeScope(database, scope);
    for (const entry of changed) putEntry(database, entry);
    database.run(
      `DELETE FROM history
       WHERE open = 0 AND sequence <= (SELECT MAX(sequence) FROM history) - ?`,
      historyRowsMax,
    );
  });
}

function changedEntries(
  state: LedgerState,
  set: string,
  entries: readonly InventoryEntry[],
): readonly InventoryEntry[] {
  assert(
    entries.every((entry) => entry.set === set),
    'a run writes entries of its own set',
  );
  const known = ownEntries(state, set);
  return entries.filter((entry) => !sameJson(known.get(placementKey(entry)), entry));
}

const ownEntries = (state: LedgerState, set: string): ReadonlyMap<PlacementKey, InventoryEntry> =>
  new Map(
    state.inventory
      .filter((entry) => entry.set === set)
      .map((entry) => [placementKey(entry), entry] as const),
  );

function writeScope(database: Database, { set, location, engine, backends }: RunScope): void {
  database.run(
    'INSERT OR REPLACE INTO sets (id, location, engine) VALUES (?, ?, ?)',
    set,
    location,
    engine === null ? null : canonicalJson(engine),
  );
  for (const backend of backends) putBackend(database, backend);
}

export function writeIntent(database: Database, set: string, action: Action, now: number): void {
  database.write(() => {
    endOlderIntents(database, set, action);
    database.run(
      `INSERT INTO history
       (at, open, set_id, host, backend, name, model, kind, reason, loses, replaced, outcome,
        download_bytes, disk_bytes, duration_ms, corrects)
       VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'unknown', 0, ?, 0, ?)`,
      now,
      set,
      action.host,
      action.backend,
      action.name,
      action.model,
      action.kind,
      action.reason,
      action.kind === 'evict' || action.loses === true ? 1 : 0,
      'replaces' in action ? action.replaces : null,
      action.bytes.disk,
      action.corrects ?? null,
    );
  });
}

export function writeOutcome(
  database: Database,
  set: string,
  change: ChangeSetEntry,
  { entry, made, details }: ActionFacts,
  now: number,
): void {
  const { action, digest } = change;
  assert(entry === null || entry.set === set, 'a run writes entries of its own set');
  database.write(() => {
    writeResult(database, set, change, now);
    if (entry === null) dropEntry(database, set, action);
    else putEntry(database, entry);
    if (digest !== null && made !== undefined) putMade(database, action, digest, made);
    if (digest !== null && details !== undefined) putDetails(database, action, digest, details);
    // An approval is about what is there: it must not meet something else.
    if (endsApproval.has(change.outcome)) dropApproval(database, action);
  });
}

const endsApproval: ReadonlySet<Outcome> = new Set(['evicted', 'pulled', 'created']);

/**
 * What may or may not have happened stays open: the next run looks, and then knows. So does what an
 * earlier run began there, unless this action has settled what the name holds.
 */
function writeResult(
  database: Database,
  set: string,
  { action, outcome, digest, downloadedBytes, durationMs, problem }: ChangeSetEntry,
  now: number,
): void {
  database.run(
    `UPDATE history
     SET at = ?, open = ?, outcome = ?, digest = ?, download_bytes = ?, duration_ms = ?,
         problem_code = ?
     WHERE sequence = ${lastIntent}`,
    now,
    outcome === 'unknown' ? 1 : 0,
    outcome,
    digest,
    downloadedBytes,
    Math.round(durationMs),
    problem?.code ?? null,
    set,
    action.host,
    action.backend,
    action.name,
  );
  const isSettled = outcome !== 'failed' && outcome !== 'unknown' && action.kind !== 'unload';
  if (isSettled) endIntents(database, set, action);
}

/** What there is to write; null when the ledger knows it all already. */
export function settlementStep(
  database: Database,
  state: LedgerState,
  settlement: Settlement,
): (() => void) | null {
  const { set, entries, absent, closed, learned, contests } = settlement;
  const known = ownEntries(state, set);
  const changed = changedEntries(state, set, entries);
  const gone = absent.filter((key) => known.has(key));
  const ended = closed.filter((key) => state.intents.has(intentOf(set, key)));
  const news = [...newDetails(state, learned)];
  const given = contests.filter(
    ({ key, wanted }) => (state.contested.get(placementOfSet(set, key)) ?? null) !== wanted,
  );
  const moved = !sameScope(state, settlement);
  if (!moved && [changed, gone, ended, news, given].every((list) => list.length === 0)) return null;
  return () =>
    database.write(() => {
      if (moved) writeScope(database, settlement);
      for (const entry of changed) putEntry(database, entry);
      for (const key of gone) {
        dropEntry(database, set, placementOf(key));
        dropUnownedApproval(database, placementOf(key));
      }
      for (const key of [...gone, ...ended]) endIntents(database, set, placementOf(key));
      for (const contest of given) writeContest(database, set, contest);
      for (const { at, digest, details } of news) putDetails(database, at, digest, details);
    });
}

function sameScope(state: LedgerState, { set, location, engine, backends }: RunScope): boolean {
  return (
    sameJson(state.sets.get(set), { location, engine }) &&
    backends.every((backend) =>
      sameJson(
        state.backends.get(backendKey({ host: backend.host, backend: backend.id })),
        backend,
      ),
    )
  );
}

function* newDetails(state: LedgerState, learned: Settlement['learned']) {
  for (const [key, ofBackend] of learned) {
    const at = placementOf(`${key}|` as PlacementKey);
    for (const [digest, details] of ofBackend) {
      if (!sameJson(state.details.get(key)?.get(digest), details)) yield { at, digest, details };
    }
  }
}

export const writeApproval = (database: Database, at: Placement, who: string, now: number): void =>
  database.write(() => {
    database.run(
      'INSERT OR REPLACE INTO approvals (host, backend, name, who, at) VALUES (?, ?, ?, ?, ?)',
      at.host,
      at.backend,
      at.name,
      who,
      now,
    );
  });
