// Each action killed before and after every single effect, and planned anew: the end is the same as
// without, a version is whole all the while, and nothing is left that nobody needs.
import { describe, expect, test } from 'vitest';
import { huggingFaceCache } from '../../../src/artifacts/stores/huggingface/index.ts';
import { createSharing } from '../../../src/artifacts/transfer/share-file.ts';
import { neededBy, readNames } from '../../../src/backends/huggingface/names.ts';
import { observe } from '../../../src/backends/huggingface/observe.ts';
import { perform } from '../../../src/backends/huggingface/perform.ts';
import type { Place } from '../../../src/backends/huggingface/place.ts';
import { canonicalName } from '../../../src/backends/huggingface/translate.ts';
import type { Artifact } from '../../../src/core/artifact.ts';
import { digestOfFiles } from '../../../src/core/artifact-files.ts';
import { sha256Text } from '../../../src/core/hash.ts';
import type { ModelAction } from '../../../src/core/plan.ts';
import { checked } from '../../../src/core/problem.ts';
import type { SharedFiles } from '../../../src/core/shared-file.ts';
import { weightsOf } from '../../../src/core/weights.ts';
import type { Io } from '../../../src/io/io.ts';
import { createFakeIo, type FakeIo } from '../../fakes/io.ts';
import { createSharedFiles } from '../../fakes/shared-files.ts';
import { createLife, type Kill } from '../../sim/life.ts';
import { actionBase } from '../requests.ts';

const name = 'acme/tiny';
const artifactOf = (commit: string, texts: Readonly<Record<string, string>>): Artifact => {
  const files = Object.entries(texts).map(([path, text]) => ({
    path,
    digest: sha256Text(text),
    bytes: Buffer.byteLength(text),
  }));
  const source = `hf://${name}@main`;
  return {
    source,
    commit,
    revision: digestOfFiles(files),
    files,
    weights: weightsOf(files),
    facts: {},
  };
};
const texts = { 'a.safetensors': 'weights', 'config.json': '{}' };
const newer = { 'a.safetensors': 'new weights', 'config.json': '{}' };
const first = artifactOf('1'.repeat(40), texts);
const second = artifactOf('2'.repeat(40), newer);

const at = { ...actionBase({ id: 'huggingface:/cache', canonicalName } as never, 'pull', name) };
const pull = (artifact: Artifact, replaces: Artifact | null): ModelAction => ({
  ...at,
  kind: 'pull',
  artifact,
  digest: artifact.revision,
  replaces: replaces?.revision ?? null,
});
const evict: ModelAction = { ...at, kind: 'evict', replaces: first.revision };

/** The same list for a cache that is called otherwise. */
const renamed = (files: SharedFiles, cache: string): SharedFiles => ({
  all: () => files.all().map((file) => ({ ...file, cache })),
  add: (file) => files.add({ ...file, cache: '' }),
  drop: (file) => files.drop({ ...file, cache: '' }),
});

/** Each life in places of their own: a dead writer of this process keeps its turn for ever. */
let lives = 0;
function placeFor(io: FakeIo): Place {
  lives += 1;
  for (const folder of ['cache', 'names']) io.files.putLink(`/${folder}`, `/${folder}-${lives}`);
  return { cache: `/cache-${lives}`, namesFile: `/names-${lives}/names.json` };
}

async function live(io: FakeIo, action: ModelAction, rows: SharedFiles, kill: Kill | null) {
  const place = placeFor(io);
  const life = createLife({ io, kill, onDeath: () => io.processes.locks.held.clear() });
  const work = perform(place, action, {
    io: life.io,
    signal: new AbortController().signal,
    onBytes: () => undefined,
    obtain: async (_artifact, { path }) => {
      const text = {
        ...texts,
        ...(action.kind === 'pull' && action.artifact === second ? newer : {}),
      };
      const from = `/bytes/${path}-${text[path as keyof typeof text].length}`;
      io.files.put(from, text[path as keyof typeof text]);
      return { path: from, downloadedBytes: 0, isUnchanging: false };
    },
    sharedFiles: renamed(rows, place.cache),
    isStored: async () => false,
    revisionUpstream: async ({ revision }) => checked(revision),
  });
  const result = await Promise.race([work, life.death]);
  if (result !== 'killed') expect(result.problem).toBeUndefined();
  return { effects: life.effects, result };
}

async function sweep(io: Io, rows: SharedFiles): Promise<void> {
  const names = await readNames({ cache: '/cache', namesFile: '/names/names.json' }, io);
  const isNeeded = neededBy(names);
  const sharing = createSharing({
    io,
    files: renamed(rows, '/cache'),
    folder: '/cache',
    kept: () => async () => false,
  });
  await sharing.sweep(async (file) => isNeeded(file));
}

async function digestNow(io: FakeIo): Promise<string | undefined> {
  const question = { detailsOf: new Set<string>(), remembered: new Map(), wanted: new Map() };
  const seen = await observe(placeFor(io), question, { io, signal: new AbortController().signal });
  return seen.kind === 'reachable' ? seen.placements.get(name)?.digest : seen.problem.code;
}

const stateOf = (io: FakeIo): Readonly<Record<string, string | null>> =>
  Object.fromEntries(
    io.files
      .paths()
      .filter((path) => /^\/(cache|names)\//.test(path) && !path.endsWith('.tmp'))
      .map((path) => [path, io.files.text(path)?.replaceAll(/\/cache-\d+/g, '/cache') ?? null]),
  );

async function worldBefore(before: readonly ModelAction[]) {
  const io = createFakeIo();
  await io.files.makeFolder('/cache');
  await io.files.makeFolder('/names');
  const rows = createSharedFiles();
  for (const action of before) await live(io, action, rows, null);
  return { io, rows };
}

describe.each<[string, ModelAction, readonly ModelAction[], readonly (string | undefined)[]]>([
  ['bringing', pull(first, null), [], [undefined, first.revision]],
  ['replacing', pull(second, first), [pull(first, null)], [first.revision, second.revision]],
  ['evicting', evict, [pull(first, null)], [first.revision, undefined]],
])('%s a model', (_, action, before, digests) => {
  test('ends the same wherever it is killed and begun anew', async () => {
    const whole = await worldBefore(before);
    const { effects, result } = await live(whole.io, action, whole.rows, null);
    expect(result).not.toBe('killed');
    expect(effects.length).toBeGreaterThan(5);
    const end = stateOf(whole.io);
    for (const [effect, label] of effects.entries()) {
      for (const when of ['before', 'after'] as const) {
        const { io, rows } = await worldBefore(before);
        await live(io, action, rows, { effect, when });
        const told = { killed: `${when} ${effect}: ${label}` };
        const now = await digestNow(io);
        expect({ ...told, isWhole: digests.includes(now) }).toEqual({ ...told, isWhole: true });
        const { warnings } = (await huggingFaceCache(io, '/cache').scan()).repositories[0] ?? {};
        expect({ ...told, warnings: warnings ?? [] }).toEqual({ ...told, warnings: [] });
        await live(io, action, rows, null);
        await sweep(io, rows);
        expect({ ...told, state: stateOf(io) }).toEqual({ ...told, state: end });
        expect(rows.all()).toEqual(whole.rows.all());
      }
    }
  });
});
