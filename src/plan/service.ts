// Are the engines themselves set up and running as declared? Judged before the models on them: what
// a restart drops has to be loaded again, and what an engine holds that does not run is not known.
// Its result is a world in which that has happened, and what there waits for it.
import type { Held } from '../core/held.ts';
import { backendKey } from '../core/key.ts';
import type { BackendObservation } from '../core/observed.ts';
import type { Action, ActionId, Drift, Reason, ServiceAction } from '../core/plan.ts';
import { errorProblem } from '../core/problem.ts';
import {
  type DesiredService,
  engineName,
  type ObservedService,
  type SettingChange,
  settingChanges,
} from '../core/service.ts';
import { noBytes } from './bytes.ts';
import { actionId } from './order.ts';
import { sightOf, type World } from './world.ts';

export interface ServicePlan {
  /** The engines as they are once the actions are done. */
  readonly world: World;
  readonly actions: readonly ServiceAction[];
  readonly held: readonly Held[];
  readonly drift: readonly Drift[];
  /** The action that everything on an engine waits for, by `backendKey`. */
  readonly gates: ReadonlyMap<string, ActionId>;
}

export function planServices(world: World): ServicePlan {
  const services = [...(world.desired.services?.values() ?? [])].filter((service) =>
    isInScope(world, service),
  );
  const verdicts = services.flatMap((service) => {
    const seen = world.observed.backends.get(backendKey(service));
    if (seen?.service === undefined) return [];
    return [{ service, seen, verdict: judgeService(service, seen.service, seen) }];
  });
  const drift = verdicts.flatMap(({ service, seen }) =>
    seen.service === undefined ? [] : driftOfService(service, seen.service),
  );
  const held = verdicts.flatMap(({ service, verdict }) => heldService(service, verdict));
  if (world.options.refreshOnly) return { world, actions: [], held, drift, gates: new Map() };
  const backends = new Map(world.observed.backends);
  const gates = new Map<string, ActionId>();
  const actions = verdicts.flatMap(({ service, seen, verdict }) => {
    if (verdict.kind !== 'change') return [];
    const key = backendKey(service);
    const steps = stepsOf(service, verdict);
    const last = steps.at(-1);
    if (last !== undefined) gates.set(key, last.id);
    backends.set(key, observedAfter(seen, verdict));
    return steps;
  });
  return {
    world: { ...world, observed: { ...world.observed, backends } },
    actions,
    held,
    drift,
    gates,
  };
}

/** What stands on an engine that is set up first waits for that, and is loaded again for its sake. */
export function behindServices(
  given: World,
  { gates }: ServicePlan,
  actions: readonly Action[],
): readonly Action[] {
  return actions.map((action) => {
    const gate = gates.get(backendKey(action));
    if (gate === undefined) return action;
    const waiting = { ...action, after: [gate, ...action.after] };
    const sight = sightOf(given, action);
    const isDropped = sight.kind === 'there' && sight.observed.loaded !== null;
    return action.kind === 'load' && isDropped
      ? { ...waiting, because: 'The restart drops it from memory.' }
      : waiting;
  });
}

type Verdict =
  | { readonly kind: 'satisfied' }
  | (Pick<Held, 'because' | 'detail' | 'remedy'> & { readonly kind: 'held' })
  | {
      readonly kind: 'change';
      /** To be written; none when only the restart is lacking. */
      readonly changes: readonly SettingChange[];
      readonly restart: Restart | null;
    };

interface Restart {
  readonly reason: Reason;
  readonly because: string;
  readonly reveals: boolean;
  /** Only whoever looks after it is started: it keeps running, and what it has in memory. */
  readonly keeps: boolean;
}

function judgeService(
  service: DesiredService,
  observed: ObservedService,
  seen: BackendObservation,
): Verdict {
  const changes = settingChanges(observed.written ?? {}, service.fields);
  const restart = restartOf(service, observed, changes, seen.kind === 'reachable');
  if (changes.length === 0 && restart === null) return { kind: 'satisfied' };
  if (observed.obstacle !== null) return { kind: 'held', ...observed.obstacle };
  const busy = restart === null || restart.keeps ? null : nameInUse(seen);
  if (busy === null) return { kind: 'change', changes, restart };
  return {
    kind: 'held',
    because: 'in-use',
    detail: `${busy} is in use, and a restart would cut it off.`,
    remedy: 'It is set up and restarted once nothing is in use.',
  };
}

function restartOf(
  { fields, storeField }: DesiredService,
  { written, running, untried, unattended }: ObservedService,
  changes: readonly SettingChange[],
  answers: boolean,
): Restart | null {
  const moves = (of: readonly SettingChange[]): boolean =>
    of.some(({ field }) => field === storeField);
  if (running === null) {
    return { reason: 'missing', because: 'It does not run.', reveals: true, keeps: false };
  }
  const differing = running === 'unknown' ? changes : settingChanges(running, fields);
  const [first] = differing;
  if (first !== undefined) {
    const because = `It runs with ${shown(first)}.`;
    return { reason: 'config-drift', because, reveals: moves(differing), keeps: false };
  }
  // What runs with it, and answers, shows that it works.
  if (untried && written !== null && !(answers && running !== 'unknown')) {
    const because = 'An earlier run was cut off before it had seen that this works.';
    return { reason: 'config-drift', because, reveals: false, keeps: false };
  }
  if (!unattended) return null;
  const because =
    'Nobody would start it again: its supervisor is gone. It keeps running meanwhile.';
  return { reason: 'missing', because, reveals: false, keeps: true };
}

/** `OLLAMA_NUM_PARALLEL 1, wanted 4`. */
const shown = ({ field, before, after }: SettingChange): string =>
  after === null
    ? `${field} ${before ?? ''}, which is no longer wanted`
    : `${before === null ? `no ${field}` : `${field} ${before}`}, wanted ${after}`;

/** `OLLAMA_NUM_PARALLEL becomes 4, was 1`. */
const becoming = ({ field, before, after }: SettingChange): string =>
  after === null
    ? `${field} is no longer set`
    : `${field} becomes ${after}${before === null ? '' : `, was ${before}`}`;

function nameInUse(seen: BackendObservation): string | null {
  if (seen.kind !== 'reachable') return null;
  const names = [...seen.placements.values()].flatMap(({ name, loaded }) =>
    loaded?.inUse === true ? [name] : [],
  );
  return names.toSorted()[0] ?? null;
}

function stepsOf(
  service: DesiredService,
  { changes, restart }: Extract<Verdict, { kind: 'change' }>,
): readonly ServiceAction[] {
  const at = { host: service.host, backend: service.backend, name: engineName };
  const base = { ...at, model: service.owner, bytes: noBytes };
  const [first] = changes;
  const configure: readonly ServiceAction[] =
    first === undefined
      ? []
      : [
          {
            ...base,
            kind: 'configure',
            id: actionId('configure', at),
            reason: changes.every(({ before }) => before === null) ? 'missing' : 'config-drift',
            because: `${becoming(first)}${changes.length > 1 ? `, and ${changes.length - 1} more` : ''}.`,
            after: [],
            changes,
          },
        ];
  if (restart === null) return configure;
  const { reason, because, reveals } = restart;
  const after = configure.map(({ id }) => id);
  const id = actionId('restart', at);
  return [...configure, { ...base, kind: 'restart', id, reason, because, after, reveals }];
}

/** Nothing is in memory after a start; what is there of an engine not seen before is not known. */
function observedAfter(
  seen: BackendObservation,
  { restart }: Extract<Verdict, { kind: 'change' }>,
): BackendObservation {
  if (restart === null || restart.keeps) return seen;
  if (restart.reveals) return { kind: 'unreachable', problem: notYetKnown };
  if (seen.kind === 'unreachable') return seen;
  const placements = new Map(
    [...seen.placements].map(([name, one]) => [name, { ...one, loaded: null }] as const),
  );
  return { ...seen, placements };
}

const notYetKnown = errorProblem({
  code: 'plan/engine-first',
  summary: 'An engine is started first',
  detail: 'What its engine holds is known once that is started.',
  remedy: '`modelctl apply` looks again then, and goes on.',
  retry: 'later',
});

const heldService = (service: DesiredService, verdict: Verdict): readonly Held[] => {
  if (verdict.kind !== 'held') return [];
  const { host, backend, owner: model, origin } = service;
  const { because, detail, remedy } = verdict;
  return [{ host, backend, name: engineName, model, because, detail, remedy, origin }];
};

/** What others made of what was written, whether or not that is what is wanted now. */
function driftOfService(
  { host, backend, owner: model }: DesiredService,
  { recorded, written, running, untried }: ObservedService,
): readonly Drift[] {
  if (recorded === null) return [];
  const [edited] = settingChanges(recorded, written ?? {});
  const isKnown = running !== null && running !== 'unknown' && !untried;
  const [started] = isKnown ? settingChanges(recorded, running) : [];
  const first = edited ?? started;
  if (first === undefined) return [];
  const now = first.after === null ? 'is gone' : `is ${first.after}`;
  const where = edited === undefined ? ' for what runs' : '';
  const because = `${first.field} was ${first.before ?? 'not set'} and ${now}${where}.`;
  return [{ host, backend, name: engineName, model, reason: 'config-drift', because }];
}

/** With `--target`: engines of the Models that were named. */
function isInScope({ desired, options: { targets } }: World, service: DesiredService): boolean {
  if (targets === null) return true;
  return [...desired.placements.values()].some(
    (one) => backendKey(one) === backendKey(service) && targets.has(one.model),
  );
}
