// Models of the Hub in the cache of its tools, from the manifest to the files there and out again; and
// how the cache and the embedded engine, which shares files there, leave each other's alone.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { huggingFaceCache } from '../../src/artifacts/stores/huggingface/index.ts';
import { bundle } from '../../src/bundle.ts';
import { sha256Text } from '../../src/core/hash.ts';
import { placementKey } from '../../src/core/key.ts';
import { repair, verify } from '../../src/library.ts';
import { openLedger } from '../../src/record/ledger.ts';
import { restore } from '../../src/restore.ts';
import { survey } from '../../src/survey.ts';
import { update } from '../../src/update.ts';
import { ggufBytes } from '../fakes/gguf-bytes.ts';
import { createHub, type FakeHub } from '../fakes/hub-server.ts';
import { safetensorsBytes } from '../fakes/safetensors-bytes.ts';
import {
  actionsOf,
  createMachine,
  documents,
  heldOf,
  hostDocument,
  type Machine,
  modelDocument,
} from '../machine.ts';

let hub: FakeHub;
let machine: Machine;

beforeEach(() => {
  hub = createHub();
  machine = createMachine({ elsewhere: hub.http });
  machine.setDown(true);
});
afterEach(() => machine.remove());

const whole = {
  'model.safetensors': safetensorsBytes(),
  'config.json': '{"model_type":"qwen3"}',
  'README.md': 'not for loaders',
};
const backend = (type: string): string =>
  `apiVersion: modelctl.dev/v1alpha1\nkind: Backend\nmetadata: { name: ${type} }\nspec: { type: ${type} }\n`;
const target = (type: string): string =>
  `apiVersion: modelctl.dev/v1alpha1\nkind: HardwareTarget\nmetadata: { name: on-${type} }\nspec: { selector: { matchLabels: { on: box } }, backend: ${type} }\n`;
const declare = (...models: readonly string[]): void =>
  machine.write('models.yaml', documents(...models, backend('huggingface')));
const tiny = modelDocument('tiny', 'source: hf://org/tiny');
const other = modelDocument('other', 'source: hf://org/other');
const repository = (name: string): string =>
  join(machine.folder, 'user/.cache/huggingface/hub', `models--org--${name}`);
const snapshot = (commit: string, name = 'tiny'): readonly string[] =>
  readdirSync(join(repository(name), 'snapshots', commit)).toSorted();
const signal = (): AbortSignal => AbortSignal.timeout(15_000);

describe('a model in the cache', () => {
  it('is brought as the tools of the Hub would have it, and there is no more to do', async () => {
    const commit = hub.push('org/tiny', whole);
    declare(tiny);
    const applied = await machine.apply();
    expect(applied).toMatchObject({ exitCode: 0, problems: [] });
    expect(actionsOf(applied)).toEqual(['pull org/tiny']);
    expect(snapshot(commit)).toEqual(['config.json', 'model.safetensors']);
    expect(readFileSync(join(repository('tiny'), 'refs/main'), 'utf8')).toBe(commit);
    const config = createHash('sha1').update(`blob 22\0${whole['config.json']}`).digest('hex');
    expect(readdirSync(join(repository('tiny'), 'blobs'))).toContain(config);
    hub.requests.length = 0;
    const before = machine.written();
    expect(await machine.apply()).toMatchObject({ exitCode: 0, changes: null });
    expect([machine.written(), hub.requests]).toEqual([before, []]);
  });

  it('follows its lock to another commit, and nothing of the old one stays', async () => {
    hub.push('org/tiny', whole);
    declare(tiny);
    await machine.apply();
    const commit = hub.push('org/tiny', {
      ...whole,
      'model.safetensors': safetensorsBytes([{ name: 'w', dtype: 'F16', shape: [2, 4] }]),
    });
    await update(
      { inputs: [join(machine.folder, 'models.yaml')] },
      { io: machine.io, signal: signal() },
    );
    const applied = await machine.apply();
    expect(actionsOf(applied)).toEqual(['pull org/tiny']);
    expect(applied.changes?.entries[0]?.action.reason).toBe('digest-drift');
    expect(readdirSync(join(repository('tiny'), 'snapshots'))).toEqual([commit]);
    expect(readdirSync(join(repository('tiny'), 'blobs'))).toHaveLength(2);
    expect(actionsOf(await machine.plan())).toEqual([]);
  });

  it('goes with --prune, and all of it', async () => {
    hub.push('org/tiny', whole);
    hub.push('org/other', whole);
    declare(tiny, other);
    await machine.apply();
    declare(other);
    expect((await machine.apply()).plan?.leftovers.map(({ name }) => name)).toEqual(['org/tiny']);
    expect(await machine.apply({ prune: true })).toMatchObject({ exitCode: 0 });
    expect(statSync(repository('tiny'), { throwIfNoEntry: false })).toBeUndefined();
    expect(readdirSync(join(repository('other'), 'blobs'))).toHaveLength(2);
  });

  it('that another tool brought becomes ours, and goes only with approval', async () => {
    const commit = hub.push('org/tiny', { 'm.gguf': ggufBytes() });
    hub.push('org/other', whole);
    const bytes = ggufBytes();
    writeFileSync(join(machine.folder, 'm.gguf'), bytes);
    const cache = huggingFaceCache(machine.io, join(machine.folder, 'user/.cache/huggingface/hub'));
    await cache.put({
      repository: 'org/tiny',
      commit,
      ref: { name: 'main', moves: false },
      files: [{ path: 'm.gguf', digest: sha256Text(bytes), bytes: bytes.length }],
      obtain: async () => ({ path: join(machine.folder, 'm.gguf'), shareable: false }),
      isOurs: () => false,
      onBytes: () => undefined,
      signal: signal(),
    });
    declare(tiny, other);
    const applied = await machine.apply();
    expect(applied.plan?.actions[0]).toMatchObject({ name: 'org/other' });
    const taken = applied.changes?.entries.find(({ action }) => action.name === 'org/tiny');
    expect(taken).toMatchObject({ outcome: 'unchanged', downloadedBytes: 0 });
    expect(taken?.action.bytes).toMatchObject({ download: 0, disk: 0 });
    declare(other);
    const held = await machine.apply({ prune: true });
    expect(heldOf(held)).toEqual(['org/tiny: needs-approval']);
    expect(snapshot(commit)).toEqual(['m.gguf']);
    const ledger = await openLedger(
      { path: `${machine.home}/state/ledger.db`, mode: 'write' },
      machine.io,
    );
    const entry = ledger.inventory().find(({ name }) => name === 'org/tiny');
    ledger.approve(placementKey(entry!), 'somebody', 1);
    ledger.close();
    expect(await machine.apply({ prune: true })).toMatchObject({ exitCode: 0 });
    expect(statSync(repository('tiny'), { throwIfNoEntry: false })).toBeUndefined();
  });

  it('is told from what others brought, which nothing touches', async () => {
    hub.push('org/tiny', whole);
    const stray = join(repository('stray'), 'snapshots', 'a'.repeat(40), 'x.safetensors');
    machine.write(stray.slice(machine.folder.length), 'x');
    declare(tiny);
    await machine.apply({ prune: true });
    const found = await survey({}, { io: machine.io, signal: signal() });
    expect(found.models.map(({ name, status }) => `${name}: ${status}`)).toEqual([
      `org/stray@${'a'.repeat(40)}: NotOwned`,
      'org/tiny: Owned',
    ]);
    expect(
      found.backends.map(({ reference, isKnown }) => [reference.type, isKnown]),
    ).toContainEqual(['huggingface', true]);
    expect(readFileSync(stray, 'utf8')).toBe('x');
  });

  it('is carried to another machine in a bundle, small files too, without the Hub', async () => {
    hub.push('org/tiny', whole);
    declare(tiny);
    await machine.apply();
    hub.requests.length = 0;
    const path = join(machine.folder, 'set.tar');
    const inputs = [join(machine.folder, 'models.yaml')];
    const made = await bundle({ inputs, path }, { io: machine.io, signal: signal() });
    expect([made.exitCode, made.problems]).toEqual([0, []]);
    const away = createMachine({ elsewhere: hub.http });
    try {
      away.setDown(true);
      await restore({ path, to: 'set' }, { io: away.io, signal: signal() });
      const applied = await away.apply({ inputs: [join(away.folder, 'set')], locked: true });
      // A restore puts what is of the Hub into this cache already.
      expect(applied.changes?.entries).toMatchObject([
        { outcome: 'unchanged', downloadedBytes: 0 },
      ]);
      expect((await away.plan({ inputs: [join(away.folder, 'set')] })).plan?.actions).toEqual([]);
      expect(hub.requests).toEqual([]);
    } finally {
      away.remove();
    }
  });

  it('is held where more is asked for than files', async () => {
    hub.push('org/tiny', whole);
    declare(modelDocument('tiny', 'source: hf://org/tiny', 'residency: loaded'));
    const planned = await machine.plan();
    expect(heldOf(planned)).toEqual(['tiny: unsupported']);
    expect(planned.plan?.held[0]?.detail).toContain('runs nothing');
  });

  it('is found damaged by verify, and brought back by repair', async () => {
    const commit = hub.push('org/tiny', whole);
    declare(tiny);
    await machine.apply();
    const inputs = [join(machine.folder, 'models.yaml')];
    expect(await verify({ inputs }, { io: machine.io })).toMatchObject({ exitCode: 0, names: [] });
    const path = realpathSync(join(repository('tiny'), 'snapshots', commit, 'config.json'));
    writeFileSync(path, '{"model_type":"qwen4"}');
    const found = await verify({ inputs }, { io: machine.io });
    expect(found.exitCode).toBe(2);
    expect(found.copies.filter(({ verdict }) => verdict.status === 'damaged')).toMatchObject([
      { file: 'config.json', path, store: 'the Hugging Face cache', models: ['tiny'] },
    ]);
    expect(await repair({ inputs }, { io: machine.io })).toMatchObject({ exitCode: 0 });
    expect(readFileSync(path, 'utf8')).toBe(whole['config.json']);
  });
});

describe('the cache and the embedded engine', () => {
  const kept = (type: string): string =>
    modelDocument(`by-${type}`, 'source: hf://org/both', `targets: [on-${type}]`);
  const both = [kept('huggingface'), kept('embedded')] as const;
  const rest = [
    hostDocument('box'),
    backend('huggingface'),
    backend('embedded'),
    target('huggingface'),
    target('embedded'),
  ];
  const apply = async (...models: readonly string[]) => {
    machine.write('models.yaml', documents(other, ...models, ...rest));
    const applied = await machine.apply({ prune: true });
    expect(applied.problems).toEqual([]);
    expect(applied.exitCode).toBe(0);
    return applied.changes?.entries.map(({ downloadedBytes }) => downloadedBytes);
  };
  const inStore = (): readonly string[] =>
    readdirSync(join(machine.home, 'cache/oci/blobs/sha256'), { recursive: true }).map(String);
  const hex = sha256Text(ggufBytes()).slice('sha256:'.length);
  const inCache = (): boolean =>
    statSync(join(repository('both'), 'blobs', hex), { throwIfNoEntry: false }) !== undefined;

  beforeEach(() => {
    hub.push('org/both', { 'm.gguf': ggufBytes() });
    hub.push('org/other', whole);
  });

  it.each([
    ['the engine, then the cache', 1, 0],
    ['the cache, then the engine', 0, 1],
  ])('share a model that came for %s, and fetch it once', async (_, first, second) => {
    await apply(both[first]!);
    hub.sent.clear();
    expect(await apply(both[first]!, both[second]!)).toEqual([0]);
    expect([...hub.sent.keys()]).toEqual([]);
    expect(inCache()).toBe(true);
    expect(inStore()).toContain(hex);
    expect(statSync(join(repository('both'), 'blobs', hex)).nlink).toBe(2);
  });

  it.each([0, 1])(
    'leave what the other one needs when one of them gives it up (%i)',
    async (stays) => {
      for (const first of [0, 1]) {
        await apply(both[first]!);
        await apply(...both);
        await apply(both[stays]!);
        expect(inCache()).toBe(true);
        if (stays === 1) expect(inStore()).toContain(hex);
        expect(actionsOf(await machine.plan())).toEqual([]);
        await apply();
        expect([inCache(), inStore().includes(hex)]).toEqual([false, false]);
      }
    },
  );

  it('leave a branch at the commit that the cache keeps', async () => {
    const commit = hub.push('org/both', { 'm.gguf': ggufBytes() });
    await apply(both[0]);
    hub.push('org/both', { 'm.gguf': ggufBytes({ dataBytes: 8_192 }) });
    await apply(...both);
    expect(readFileSync(join(repository('both'), 'refs/main'), 'utf8')).toBe(commit);
    expect(actionsOf(await machine.plan())).toEqual([]);
  });
});
