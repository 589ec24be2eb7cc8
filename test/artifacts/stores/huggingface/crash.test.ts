// Putting and removing, killed before and after each single effect and begun anew: the end is the
// same as without, and in between no reader meets a name without its bytes.
import { describe, expect, test } from 'vitest';
import type { HuggingFaceCache } from '../../../../src/artifacts/stores/huggingface/index.ts';
import type { CachedRepository } from '../../../../src/artifacts/stores/huggingface/scanned.ts';
import type { Io } from '../../../../src/io/io.ts';
import { createFakeDrafts } from '../../../fakes/drafts.ts';
import { createFakeIo, type FakeIo } from '../../../fakes/io.ts';
import { createLife, type Kill } from '../../../sim/life.ts';
import { cacheOn, commit, files, other, repository, requestOn, signal } from './caches.ts';

type Work = (cache: HuggingFaceCache, io: Io) => Promise<unknown>;

const put: Work = async (cache, io) => {
  await cache.put(await requestOn(io, { commit: other }));
  await cache.put(await requestOn(io, { ref: { name: 'main', moves: true } }));
};

const removal: Work = async (cache, io) => {
  await put(cache, io);
  await cache.remove({ repository, commit: other, files, signal });
  await cache.remove({ repository, commit, files, signal });
};

const withoutSymlinks = { HF_HUB_DISABLE_SYMLINKS: '1' };

/** Each life in a cache of its own: a dead writer of this process keeps its turn for ever. */
let caches = 0;
const nextPath = (): string => {
  caches += 1;
  return `/cache-${caches}`;
};

async function live(
  io: FakeIo,
  work: Work,
  path: string,
  kill: Kill | null,
): Promise<readonly string[]> {
  const drafts = createFakeDrafts();
  const onDeath = () => io.processes.locks.held.clear();
  const before = temporaries(io, path);
  const life = createLife({ io: { ...io, drafts }, kill, onDeath });
  await Promise.race([work(cacheOn(life.io, path), life.io), life.death]);
  // For the next run to remove.
  expect(drafts.all()).toEqual(
    expect.arrayContaining(temporaries(io, path).filter((one) => !before.includes(one))),
  );
  return life.effects;
}

const temporaries = (io: FakeIo, path: string): readonly string[] =>
  io.files.paths().filter((one) => one.startsWith(`${path}/`) && one.endsWith('.tmp'));

/** Every file and link of the cache with what it holds, without what a sweep takes later. */
async function stateOf(io: FakeIo, path: string): Promise<Readonly<Record<string, string | null>>> {
  const state: Record<string, string | null> = {};
  for (const one of io.files.paths()) {
    if (!one.startsWith(`${path}/`) || one.endsWith('.tmp')) continue;
    state[one.slice(path.length)] = io.files.text(one);
  }
  return state;
}

function expectWhole(repositories: readonly CachedRepository[], when: string): void {
  for (const { warnings, complete } of repositories) {
    expect({ when, warnings, complete }).toEqual({ when, warnings: [], complete: true });
  }
}

describe.each([
  ['putting two commits', put, {}],
  ['putting without symbolic links', put, withoutSymlinks],
  ['putting and removing', removal, {}],
  ['removing without symbolic links', removal, withoutSymlinks],
])('%s', (_, work, variables) => {
  test('ends the same wherever it is killed and begun anew', async () => {
    const whole = createFakeIo({ variables });
    const wholePath = nextPath();
    const effects = await live(whole, work, wholePath, null);
    expect(effects.length).toBeGreaterThan(20);
    const end = await stateOf(whole, wholePath);
    for (let effect = 0; effect < effects.length; effect += 1) {
      for (const when of ['before', 'after'] as const) {
        const io = createFakeIo({ variables });
        const path = nextPath();
        const label = `killed ${when} ${effect}: ${effects[effect]}`;
        await live(io, work, path, { effect, when });
        expectWhole((await cacheOn(io, path).scan()).repositories, label);
        // Another process has turns of its own: the same folder by another name.
        const again = nextPath();
        if ((await io.files.stat(path)) === null) await io.files.makeFolder(path);
        io.files.putLink(path, again);
        await live(io, work, again, null);
        expect({ label, state: await stateOf(io, path) }).toEqual({ label, state: end });
      }
    }
  });
});
