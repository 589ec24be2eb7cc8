import { describe, expect, it } from 'vitest';
import { keeps } from '../../../src/backends/ollama/keeps.ts';
import type { DesiredPlacement } from '../../../src/core/desired.ts';
import type { Digest } from '../../../src/core/digest.ts';
import { sha256Text } from '../../../src/core/hash.ts';
import type { BackendObservation } from '../../../src/core/observed.ts';
import { errorProblem } from '../../../src/core/problem.ts';
import { systemError } from '../../fakes/effects.ts';
import { createFakeIo } from '../../fakes/io.ts';
import { createRegistry } from '../../fakes/ollama/registry.ts';

const endpoint = 'http://127.0.0.1:11434';
const published = createRegistry().publish('library/tiny:v1', { weights: 'some' }).artifact();
const manifest = published.manifest ?? '';
const path = '/ollama/manifests/registry.ollama.ai/library/tiny/v1';

const placement = (digest: Digest | null = published.revision): DesiredPlacement => ({
  key: `local|${endpoint}|tiny:v1` as DesiredPlacement['key'],
  host: 'local',
  backend: endpoint,
  name: 'tiny:v1',
  model: 'tiny',
  role: 'model',
  build: { kind: 'source' },
  artifact: published,
  digest,
  residency: 'stored',
  load: {},
  prune: 'Delete',
  priority: 0,
  origin: { file: 'models.yaml', line: 1, column: 1 },
});

const listing = (digest: Digest | null): BackendObservation => ({
  kind: 'reachable',
  version: '0.12.0',
  placements: new Map(
    digest === null
      ? []
      : [['tiny:v1', { name: 'tiny:v1', digest, bytes: 4, details: null, loaded: null }]],
  ),
  presentBlobs: new Set(),
  disk: { kind: 'unknown' },
  learned: new Map(),
});

async function keptBy(
  given: {
    readonly store?: string | null;
    readonly listed?: Digest | null;
    readonly wanted?: Digest | null;
    readonly observation?: BackendObservation;
    readonly text?: string;
    readonly closed?: boolean;
  } = {},
) {
  const io = createFakeIo();
  io.files.put(path, given.text ?? manifest);
  io.files.put('/ollama/blobs/sha256-0', '');
  if (given.closed === true) {
    Object.assign(io.files, {
      readBytes: () => Promise.reject(systemError('EACCES', 'open', path)),
    });
  }
  const { store = '/ollama', listed = published.revision, wanted = published.revision } = given;
  const found = await keeps(
    { endpoint, store },
    [placement(wanted)],
    given.observation ?? listing(listed),
    { io, signal: new AbortController().signal },
  );
  return found.get('tiny:v1');
}

describe("the files of an Ollama's names", () => {
  it('are the blobs that the manifest on disk lists, to be replaced as its folder owns them', async () => {
    const kept = await keptBy();
    if (kept?.kind !== 'files') throw new Error('they are known');
    expect(kept.files.map(({ digest }) => digest).toSorted()).toEqual(
      published.files.map(({ digest }) => digest).toSorted(),
    );
    const hex = published.weights.slice('sha256:'.length);
    expect(kept.files.find(({ digest }) => digest === published.weights)).toMatchObject({
      path: `/ollama/blobs/sha256-${hex}`,
      temporary: `/ollama/blobs/.modelctl-${hex}.tmp`,
      mayShare: false,
    });
  });

  it('are told of too where what is locked is not what the engine makes of it', async () => {
    expect(await keptBy({ wanted: null })).toMatchObject({ kind: 'files' });
  });

  it('are another matter where the name holds something else, or nothing', async () => {
    expect(await keptBy({ listed: sha256Text('other') })).toEqual({ kind: 'other' });
    expect(await keptBy({ listed: null })).toEqual({ kind: 'absent' });
  });

  const down = errorProblem({
    code: 'backend/unreachable',
    summary: 'Down',
    detail: 'It is down.',
  });
  it.each([
    ['no folder is known', 'verify/no-store', { store: null }],
    ['the folder is of another server', 'verify/other-store', { text: `${manifest}\n` }],
    ['the folder lacks the name', 'verify/other-store', { store: '/elsewhere' }],
    ['the folder may not be read', 'verify/store-not-readable', { closed: true }],
    [
      'the server is down',
      'backend/unreachable',
      { observation: { kind: 'unreachable', problem: down } },
    ],
  ] as const)('cannot be told where %s', async (_, code, given) => {
    expect(await keptBy(given)).toMatchObject({ kind: 'closed', problem: { code } });
  });
});
