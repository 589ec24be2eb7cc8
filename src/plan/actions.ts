// From verdicts to actions: what is done, for which reason, for how many bytes, after what.
import { clientLoad, type DesiredPlacement } from '../core/desired.ts';
import type {
  Action,
  ActionBase,
  ActionId,
  CreateAction,
  LoadAction,
  PullAction,
  UnloadAction,
} from '../core/plan.ts';
import { wantedDigest } from '../core/wanted.ts';
import { buildBytes, type Coming, loadBytes, noBytes, wayOf } from './bytes.ts';
import type { ContentVerdict } from './content.ts';
import { losesContent } from './guards.ts';
import type { Judged } from './judge.ts';
import { actionId } from './order.ts';
import { isToGiveWay, stayingNames } from './residency.ts';
import { foundationOf, type World } from './world.ts';

type Build = PullAction | CreateAction;

/** One per placement whose content is built, in the order of `judged`. */
export function buildActions(world: World, judged: readonly Judged[]): readonly Build[] {
  const coming: Coming = new Map();
  const building = new Map<string, ActionId>();
  const actions: Build[] = [];
  for (const { placement, content, drift } of byUrgency(judged)) {
    if (content.kind !== 'build') continue;
    const built = buildAction(world, placement, content, building, coming);
    const action = { ...built, ...correcting(placement, drift) };
    building.set(placement.key, action.id);
    actions.push(action);
  }
  return actions;
}

function buildAction(
  world: World,
  placement: DesiredPlacement,
  content: Extract<ContentVerdict, { kind: 'build' }>,
  building: ReadonlyMap<string, ActionId>,
  coming: Coming,
): Build {
  const foundation = foundationOf(world.desired, placement);
  const waitsFor = foundation && building.get(foundation.key);
  const shared = {
    ...base(placement, content.reason, content.because),
    bytes: content.keepsContent === true ? noBytes : buildBytes(world, placement, coming),
    after: waitsFor === undefined ? [] : [waitsFor],
    artifact: placement.artifact,
    digest: placement.digest,
    replaces: content.replaces?.digest ?? null,
    load: clientLoad(placement),
    ...wayOf(world, placement),
    ...(losesContent(world, placement, content) ? { loses: true } : {}),
  };
  // What the engine keeps as it comes is pulled; what it rewrites or derives is created.
  return placement.build.kind === 'source' && placement.digest !== null
    ? { ...shared, kind: 'pull', id: actionId('pull', placement) }
    : { ...shared, kind: 'create', id: actionId('create', placement), build: placement.build };
}

const correcting = (
  placement: DesiredPlacement,
  drift: Judged['drift'],
): Pick<ActionBase, 'corrects'> =>
  drift?.isUndone === true ? { corrects: wantedDigest(placement) } : {};

/** Loads and unloads of wanted placements, each after the build that it waits for. */
export function residencyActions(
  judged: readonly Judged[],
  builds: readonly Action[],
): readonly (LoadAction | UnloadAction)[] {
  const building = new Map(builds.map((action) => [placementText(action), action.id]));
  return byUrgency(judged).flatMap((one): (LoadAction | UnloadAction)[] => {
    const { placement, residency } = one;
    const build = building.get(placementText(placement));
    const after = build === undefined ? [] : [build];
    if (residency.kind === 'load') {
      const { reason, because } = residency;
      const id = actionId('load', placement);
      const bytes = loadBytes(placement);
      return [
        {
          ...base(placement, reason, because),
          kind: 'load',
          id,
          bytes,
          after,
          load: placement.load,
          ...correcting(placement, one.drift),
        },
      ];
    }
    const because = givingUp(residency);
    if (because !== null) {
      const id = actionId('unload', placement);
      const shared = base(placement, 'residency-drift', because);
      return [{ ...shared, kind: 'unload', id, bytes: noBytes, after }];
    }
    return [];
  });
}

function givingUp(residency: Judged['residency']): string | null {
  if (residency.kind === 'unload') return residency.because;
  return residency.kind === 'no-slot' && residency.gives
    ? 'What comes before it needs its place in memory.'
    : null;
}

/** What gives way is unloaded first, but not before what comes in its place can be built. */
export function releaseActions(
  world: World,
  judged: readonly Judged[],
  builds: readonly Action[],
): readonly UnloadAction[] {
  const building = new Map(builds.map((action) => [placementText(action), action]));
  const staying = stayingNames(judged);
  return judged.flatMap((one): UnloadAction[] => {
    const { placement, content } = one;
    const build = building.get(placementText(placement));
    if (content.kind !== 'build' || build === undefined) return [];
    if (!isToGiveWay(world, one, staying)) return [];
    const id = actionId('unload', placement);
    const because = 'Other content is to take its place.';
    return [
      {
        ...base(placement, content.reason, because),
        kind: 'unload',
        id,
        bytes: noBytes,
        after: build.after,
      },
    ];
  });
}

/** Pinned before loaded before the rest, then by falling priority; ties keep the build order. */
export const byUrgency = (judged: readonly Judged[]): readonly Judged[] =>
  judged.toSorted((a, b) => urgency(a.placement) - urgency(b.placement));

const residencyRank = { pinned: 0, loaded: 1, stored: 2, optional: 3 } as const;
const urgency = ({ residency, priority, role }: DesiredPlacement): number =>
  // What others are built on goes first whatever its own residency: it is built for their sake.
  (role === 'base' ? -1 : residencyRank[residency]) * prioritySpan - priority;

/** Wider than the range of priorities that the schema allows. */
const prioritySpan = 4_000_000_000;

const placementText = (at: { host: string; backend: string; name: string }): string =>
  `${at.host}|${at.backend}|${at.name}`;

type Base = Omit<ActionBase, 'id' | 'bytes' | 'after'>;

export const base = (
  at: { host: string; backend: string; name: string; model: string },
  reason: ActionBase['reason'],
  because: string,
): Base => ({
  host: at.host,
  backend: at.backend,
  name: at.name,
  model: at.model,
  reason,
  because,
});
