// Joins what engines hold, what the ledger owns and what is declared into one list, a line a served
// name. Pure. Every name that any of the three knows is listed; where an engine did not answer,
// what should be there is `unknown`.
import type { BackendReference } from '../core/backend-reference.ts';
import { compareText } from '../core/canonical.ts';
import type { Desired } from '../core/desired.ts';
import type { InventoryEntry, LedgerView } from '../core/inventory.ts';
import { backendKey, type PlacementKey, placementKey, placementOf } from '../core/key.ts';
import type { BackendObservation, ObservedPlacement } from '../core/observed.ts';
import type { Plan } from '../core/plan.ts';
import type { Owner, SurveyedModel, SurveyStatus } from '../core/surveyed.ts';

export interface JoinInput {
  readonly sightings: readonly {
    readonly reference: BackendReference;
    readonly observation: BackendObservation;
  }[];
  readonly view: LedgerView;
  /** Null when no manifests were given, or none that could be used. */
  readonly declared: { readonly plan: Plan; readonly desired: Desired } | null;
  /** Labels of a Model by metadata.name. */
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

interface Verdict {
  readonly status: SurveyStatus;
  readonly detail: string | null;
}

/** Sorted by host, backend and name. */
export function joinModels({
  sightings,
  view,
  declared,
  labels,
}: JoinInput): readonly SurveyedModel[] {
  const observations = new Map(
    sightings.map(({ reference, observation }) => [
      backendKey({ host: reference.host, backend: reference.id }),
      observation,
    ]),
  );
  const there = new Map<PlacementKey, ObservedPlacement>();
  for (const [at, observation] of observations) {
    if (observation.kind !== 'reachable') continue;
    for (const one of observation.placements.values()) {
      there.set(`${at}|${one.name}` as PlacementKey, one);
    }
  }
  const owners = Map.groupBy(view.inventory, placementKey);
  const verdicts = declared === null ? null : verdictsOf(declared);
  const desired = declared?.desired.placements ?? new Map<PlacementKey, never>();
  const keys = new Set([
    ...there.keys(),
    ...owners.keys(),
    ...desired.keys(),
    ...(verdicts?.keys() ?? []),
  ]);
  return [...keys].toSorted(compareText).map((key): SurveyedModel => {
    const placement = placementOf(key);
    const observed = there.get(key) ?? null;
    const entries = owners.get(key) ?? [];
    const wanted = desired.get(key);
    const model = wanted?.model ?? entries[0]?.model ?? null;
    const reachable = observations.get(backendKey(placement))?.kind === 'reachable';
    return {
      ...placement,
      presence: observed !== null ? 'there' : reachable ? 'absent' : 'unknown',
      digest: observed?.digest ?? (reachable ? null : (entries[0]?.digest ?? null)),
      weights: observed === null ? null : weightsOf(observed, backendKey(placement), view),
      bytes: observed?.bytes ?? null,
      loaded: observed?.loaded ?? null,
      owners: entries.map(ownerOf),
      model,
      residency: wanted?.residency ?? entries[0]?.residency ?? null,
      ...(verdicts?.get(key) ?? verdictWithoutPlan(entries, verdicts !== null)),
      labels: (model === null ? undefined : labels.get(model)) ?? {},
    };
  });
}

function verdictsOf({
  plan,
  desired,
}: {
  plan: Plan;
  desired: Desired;
}): ReadonlyMap<PlacementKey, Verdict> {
  const verdicts = new Map<PlacementKey, Verdict>();
  // Wanted, and no action: an optional model, there or not, is as it should be.
  for (const key of desired.placements.keys())
    verdicts.set(key, { status: 'InSync', detail: null });
  for (const at of plan.unchanged)
    verdicts.set(placementKey(at), { status: 'InSync', detail: null });
  for (const at of plan.leftovers) {
    verdicts.set(placementKey(at), { status: 'LeftOver', detail: at.remedy });
  }
  for (const at of plan.actions) {
    // Of several actions on a name the first says why there are any.
    if (verdicts.get(placementKey(at))?.status === 'Pending') continue;
    const status = at.kind === 'evict' ? 'LeftOver' : 'Pending';
    verdicts.set(placementKey(at), { status, detail: `${at.kind}: ${at.because}` });
  }
  for (const at of plan.held) {
    verdicts.set(placementKey(at), { status: 'Held', detail: `${at.because}: ${at.detail}` });
  }
  return verdicts;
}

const verdictWithoutPlan = (entries: readonly InventoryEntry[], isCompared: boolean): Verdict => {
  const owned = entries.length > 0;
  const foreign = isCompared ? 'NotDeclared' : 'NotOwned';
  return { status: owned ? 'Owned' : foreign, detail: null };
};

const weightsOf = (observed: ObservedPlacement, at: string, view: LedgerView) =>
  observed.details?.weights ?? view.details.get(at)?.get(observed.digest)?.weights ?? null;

const ownerOf = ({ set, model, role, residency, adopted }: InventoryEntry): Owner => ({
  set,
  model,
  role,
  residency,
  adopted,
});
