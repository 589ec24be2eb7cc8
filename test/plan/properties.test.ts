// What the planner promises for every input: the invariants, as properties over random worlds.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { staysLoaded } from '../../src/core/desired.ts';
import type { Digest } from '../../src/core/digest.ts';
import { backendKey, type Placement, placementKey } from '../../src/core/key.ts';
import type { LoadedState } from '../../src/core/observed.ts';
import type { Action, Plan } from '../../src/core/plan.ts';
import { type PlanInput, plan } from '../../src/plan/plan.ts';
import { applied, waitedForIdle } from './applied.ts';
import { arbitraryCase } from './arbitrary-case.ts';
import { type PlanCase, planInputOf } from './plan-case.ts';
import { planText } from './plan-text.ts';
import { contents, expectSameEnd, isDecided, settled } from './settled.ts';

const runs = { numRuns: Number(process.env['MODELCTL_TEST_RUNS'] ?? 1000) };
vi.setConfig({ testTimeout: Math.max(20_000, runs.numRuns * 20) });

const holds = (check: (input: PlanInput, result: Plan) => void): void => {
  fc.assert(
    fc.property(arbitraryCase, (one) => {
      const input = planInputOf(one);
      check(input, plan(input));
    }),
    runs,
  );
};

const isEvict = (action: Action) => action.kind === 'evict';
const isBuild = (action: Action) => action.kind === 'pull' || action.kind === 'create';

const digestAt = (input: PlanInput, at: Placement): Digest | null => {
  const backend = input.observed.backends.get(backendKey(at));
  return (backend?.kind === 'reachable' && backend.placements.get(at.name)?.digest) || null;
};

/** What is in memory under a name until somebody unloads it. */
const stayingAt = (input: PlanInput, at: Placement): LoadedState | null => {
  const backend = input.observed.backends.get(backendKey(at));
  const loaded = backend?.kind === 'reachable' ? backend.placements.get(at.name)?.loaded : null;
  return loaded?.expiresAt === 'never' ? loaded : null;
};

/** Written apart from src/plan/guards.ts: other weights, or what somebody else put there. */
function isLoss(input: PlanInput, action: Action): boolean {
  if (action.kind === 'evict') return true;
  const isOver = (action.kind === 'pull' || action.kind === 'create') && action.replaces !== null;
  if (!isOver || action.replaces === action.digest) return false;
  const key = placementKey(action);
  const entry = input.ledger.inventory.find(
    (one) => one.set === input.desired.set && placementKey(one) === key,
  );
  if (entry === undefined) return true;
  const recorded = entry.digest;
  const isSource = action.kind === 'pull' || action.build.kind === 'source' || entry.base === null;
  if (input.ledger.interrupted.has(key)) return isSource && Boolean(recorded);
  return isSource || recorded !== action.replaces;
}

describe('for every input, the planner', () => {
  it('gives the same plan when the input is shuffled', () => {
    fc.assert(
      fc.property(arbitraryCase, (one) => {
        const straight = plan(planInputOf(one));
        const shuffled = plan(planInputOf(reversed(one)));
        expect(planText(shuffled)).toBe(planText(straight));
        expect(shuffled.fingerprint).toBe(straight.fingerprint);
      }),
      runs,
    );
  });

  it('plans nothing more once everything it planned is done', () => {
    holds((input, first) => {
      const after = applied(input, first);
      fc.pre(isDecided(after));
      const second = plan(after);
      expect(second.actions.filter((action) => !waitedForIdle(action, first))).toEqual([]);
    });
  });

  it('comes to the same end in whatever order what may run at once comes to its own', () => {
    fc.assert(
      fc.property(arbitraryCase, fc.array(fc.nat()), (one, picks) => {
        const input = planInputOf(one);
        const first = plan(input);
        const choices = picks.values();
        const choose = (count: number): number => (choices.next().value ?? 0) % count;
        expect(contents(applied(input, first, { choose }))).toEqual(
          contents(applied(input, first)),
        );
        const after = applied(input, first, { choose });
        fc.pre(isDecided(after));
        const second = plan(after);
        expect(second.actions.filter((action) => !waitedForIdle(action, first))).toEqual([]);
      }),
      runs,
    );
  });

  it('comes to the same end after a run that was cut off at any action', () => {
    fc.assert(
      fc.property(arbitraryCase, fc.nat({ max: 8 }), fc.boolean(), (one, at, afterEffect) => {
        const input = planInputOf(one);
        const first = plan(input);
        expectSameEnd(
          applied(input, first, { killed: { at, afterEffect } }),
          applied(input, first),
        );
      }),
      runs,
    );
  });

  it('comes to the same end after a run in which some of it failed, and loses nothing by that', () => {
    fc.assert(
      fc.property(arbitraryCase, fc.uniqueArray(fc.nat({ max: 8 })), (one, fails) => {
        const input = planInputOf(one);
        const first = plan(input);
        expectSameEnd(applied(input, first, { fails: new Set(fails) }), applied(input, first));
      }),
      runs,
    );
  });

  it('leaves nothing in memory in the end that only it kept there and nobody wants there', () => {
    holds((input) => {
      const after = settled(input);
      const { held, leftovers } = plan(after);
      const { desired, ledger } = after;
      const others = ledger.inventory.filter(({ set }) => set !== desired.set);
      const wanted = [...desired.placements.values(), ...others].filter(({ residency }) =>
        staysLoaded(residency),
      );
      // What waits for a person, or for something to become idle, keeps what it has.
      const waiting = new Set([...held, ...leftovers].map(({ backend }) => backend));
      for (const entry of input.ledger.inventory) {
        if (entry.set !== desired.set || !staysLoaded(entry.residency)) continue;
        if (waiting.has(entry.backend) || desired.heldModels.has(entry.model)) continue;
        if (entry.digest !== digestAt(input, entry)) continue;
        if (stayingAt(input, entry) === null || digestAt(after, entry) !== entry.digest) continue;
        const left = stayingAt(after, entry);
        const isWanted = wanted.some(
          (one) =>
            one.backend === entry.backend && (left?.ownHold !== true || one.name === entry.name),
        );
        if (left !== null && !isWanted) throw new Error(`${entry.name} stays in memory`);
      }
    });
  });

  it('changes nothing that it was given', () => {
    holds((input) => {
      const before = JSON.stringify([...input.desired.placements.values()]);
      plan(deepFreeze(input));
      expect(JSON.stringify([...input.desired.placements.values()])).toBe(before);
    });
  });

  it('accounts for every wanted name', () => {
    holds((input, { actions, unchanged, held }) => {
      const told = new Set([...actions, ...unchanged, ...held].map(placementKey));
      for (const placement of input.desired.placements.values()) {
        if (placement.residency !== 'optional') expect(told).toContain(placement.key);
      }
    });
  });

  it('does nothing on an engine that does not answer', () => {
    holds((input, { actions }) => {
      for (const action of actions) {
        expect(input.observed.backends.get(backendKey(action))?.kind).toBe('reachable');
      }
    });
  });

  it('evicts only what this set owns, unchanged, unwanted and not in use', () => {
    holds((input, { actions }) => {
      for (const action of actions.filter(isEvict)) {
        const key = placementKey(action);
        const entry = input.ledger.inventory.find(
          (one) => placementKey(one) === key && one.set === input.desired.set,
        );
        const backend = input.observed.backends.get(backendKey(action));
        const there =
          backend?.kind === 'reachable' ? backend.placements.get(action.name) : undefined;
        expect(input.options.prune && input.desired.complete).toBe(true);
        expect(input.desired.placements.has(key)).toBe(false);
        expect(entry?.digest).toBe(there?.digest);
        expect(there?.loaded?.inUse === true && !sharesContent(input, action)).toBe(false);
        if (entry?.adopted) expect(input.ledger.approved.has(key)).toBe(true);
        const others = input.ledger.inventory.filter(
          (one) => placementKey(one) === key && one.set !== entry?.set,
        );
        expect(others.every(({ digest }) => digest !== there?.digest)).toBe(true);
      }
    });
  });

  it('evicts nothing that something is built on that stays, and nothing before its successor', () => {
    holds((input, { actions, held }) => {
      const evicted = new Set(actions.filter(isEvict).map(placementKey));
      for (const action of actions.filter(isEvict)) {
        const stays = input.ledger.inventory.find(
          (one) =>
            one.set === input.desired.set &&
            one.base === action.name &&
            backendKey(one) === backendKey(action) &&
            !input.desired.placements.has(placementKey(one)) &&
            !evicted.has(placementKey(one)) &&
            (one.digest !== null || input.ledger.interrupted.has(placementKey(one))) &&
            digestAt(input, one) !== null,
        );
        expect(stays).toBeUndefined();
        const stuck = held.filter((one) => input.desired.placements.has(placementKey(one)));
        expect(stuck.some((one) => one.model === action.model && one.because !== 'in-use')).toBe(
          false,
        );
        if (action.reason === 'makes-room') continue;
        for (const other of actions) {
          const isSame = other.model === action.model && (isBuild(other) || other.kind === 'load');
          if (isSame) expect(action.after).toContain(other.id);
        }
      }
    });
  });

  it('loses no more than the guard lets through', () => {
    holds((input, { actions }) => {
      for (const key of input.observed.backends.keys()) {
        const here = actions.filter((one) => backendKey(one) === key);
        const lost = new Set(here.filter((one) => isLoss(input, one)).map(({ model }) => model))
          .size;
        if (lost === 0) continue;
        if (lost <= (input.options.allowEvictions ?? 0)) continue;
        // So few models are owned here that a fifth of them is less than three.
        const recent = [...(input.ledger.recentEvictions.get(key) ?? [])];
        const models = here
          .filter((one) => isLoss(input, one))
          .map(({ model }) => `set-1 ${model}`);
        expect(new Set([...recent, ...models]).size).toBeLessThanOrEqual(3);
      }
    });
  });

  it('takes nothing in that it holds as a conflict', () => {
    holds((input, first) => {
      const { ledger } = applied(input, first);
      for (const one of first.held.filter(({ because }) => because === 'conflict')) {
        const own = (of: PlanInput['ledger']) =>
          of.inventory.find(
            (entry) => entry.set === input.desired.set && placementKey(entry) === placementKey(one),
          );
        expect(own(ledger)?.digest ?? null).toBe(own(input.ledger)?.digest ?? null);
      }
    });
  });

  it('replaces only what is ours or was to be taken over', () => {
    holds((input, { actions }) => {
      for (const action of actions) {
        if (action.kind !== 'pull' && action.kind !== 'create') continue;
        if (action.replaces === null) continue;
        const owned = input.ledger.inventory.some(
          (one) => placementKey(one) === placementKey(action) && one.set === input.desired.set,
        );
        const { takeOver } = input.options;
        expect(owned || takeOver.has(action.name) || takeOver.has(action.model)).toBe(true);
      }
    });
  });

  it('never plans for more disk than is free at any point', () => {
    holds((input, { actions }) => {
      for (const [key, backend] of input.observed.backends) {
        if (backend.kind !== 'reachable' || backend.disk.kind !== 'known') continue;
        let free = backend.disk.freeBytes;
        for (const action of actions.filter((one) => backendKey(one) === key)) {
          free -= action.bytes.disk ?? 0;
          if (!isEvict(action)) expect(free).toBeGreaterThanOrEqual(0);
        }
      }
    });
  });

  it('lets every action wait only for actions that stand before it', () => {
    holds((_, { actions }) => {
      const before = new Set<string>();
      for (const action of actions) {
        for (const id of action.after) expect(before).toContain(id);
        before.add(action.id);
      }
      expect(before.size).toBe(actions.length);
    });
  });
});

const sharesContent = (input: PlanInput, action: Action): boolean => {
  const backend = input.observed.backends.get(backendKey(action));
  if (backend?.kind !== 'reachable' || action.kind !== 'evict') return false;
  const others = input.ledger.inventory.filter(({ set }) => set !== input.desired.set);
  return [...input.desired.placements.values(), ...others].some(
    (one) =>
      backendKey(one) === backendKey(action) &&
      backend.placements.get(one.name)?.digest === action.replaces,
  );
};

const reversed = (one: PlanCase): PlanCase => ({
  ...one,
  desired: { ...one.desired, models: (one.desired?.models ?? []).toReversed() },
  observed: Object.fromEntries(
    Object.entries(one.observed ?? {})
      .toReversed()
      .map(([name, seen]) => [
        name,
        seen === 'unreachable' ? seen : { ...seen, holds: (seen.holds ?? []).toReversed() },
      ]),
  ),
  ledger: { ...one.ledger, owns: (one.ledger?.owns ?? []).toReversed() },
});

function deepFreeze<T>(value: T): T {
  if (value instanceof Map) for (const item of value.values()) deepFreeze(item);
  else if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
