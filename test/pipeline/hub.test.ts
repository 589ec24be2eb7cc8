// Models of the Hugging Face Hub from the manifest to the engine: what is pinned, what is fetched,
// and which engine can take what.
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repair, verify } from '../../src/library.ts';
import { parseLock } from '../../src/resolve/lock-file.ts';
import { ggufBytes } from '../fakes/gguf-bytes.ts';
import { createHub, type FakeHub } from '../fakes/hub-server.ts';
import { safetensorsBytes } from '../fakes/safetensors-bytes.ts';
import { actionsOf, createMachine, heldOf, type Machine, modelDocument } from '../machine.ts';

let hub: FakeHub;
let machine: Machine;

beforeEach(() => {
  hub = createHub();
  machine = createMachine({ elsewhere: hub.http });
});
afterEach(() => machine.remove());

const split = {
  'm-Q8_0-00001-of-00002.gguf': ggufBytes(),
  'm-Q8_0-00002-of-00002.gguf': ggufBytes({ dataBytes: 4_096 }),
};
const declare = (source: string): void =>
  machine.write('models.yaml', modelDocument('chat', `source: ${source}`));
const lockEntry = () => {
  const lock = parseLock(machine.read('models.lock.yaml'), 'models.lock.yaml');
  return lock.ok ? lock.value.entries[0] : expect.fail(lock.problems[0]?.detail);
};

describe('a model of the Hub', () => {
  it('is verified in the cache of its tools, and repaired, though git names the file', async () => {
    const weights = ggufBytes();
    const commit = hub.push('org/repo', { 'm-Q4_K_M.gguf': weights });
    declare('hf://org/repo:Q4_K_M');
    await machine.apply();
    const repository = join(machine.folder, 'user/.cache/huggingface/hub/models--org--repo');
    const blob = join(repository, 'blobs', '0123456789'.repeat(4));
    const snapshot = join(repository, 'snapshots', commit);
    for (const folder of [join(repository, 'blobs'), snapshot]) {
      mkdirSync(folder, { recursive: true });
    }
    writeFileSync(blob, Buffer.from(weights).fill(7, 40));
    rmSync(join(snapshot, 'm-Q4_K_M.gguf'), { force: true });
    symlinkSync(`../../blobs/${'0123456789'.repeat(4)}`, join(snapshot, 'm-Q4_K_M.gguf'));
    const request = { inputs: [join(machine.folder, 'models.yaml')] };
    const damaged = (await verify(request, machine)).copies.filter(
      ({ verdict }) => verdict.status === 'damaged',
    );
    expect(damaged.map(({ path }) => path)).toEqual([realpathSync(blob)]);
    const { repairs } = await repair(request, machine);
    expect(repairs.map(({ outcome }) => outcome)).toEqual(['repaired']);
    expect(readFileSync(blob)).toEqual(Buffer.from(weights));
    expect(readdirSync(repository).toSorted()).toEqual(['blobs', 'snapshots']);
  });

  it('is imported into Ollama under the name of the Model, and there is no more to do', async () => {
    const commit = hub.push('org/repo', { 'm-Q4_K_M.gguf': ggufBytes() });
    declare('hf://org/repo:Q4_K_M');
    const applied = await machine.apply();
    expect(applied.changes?.entries.map(({ outcome }) => outcome)).toEqual(['created']);
    expect(machine.names()).toEqual(['chat:latest']);
    expect(lockEntry()).toMatchObject({ source: 'hf://org/repo:Q4_K_M@main', commit });
    hub.requests.length = 0;
    expect(actionsOf(await machine.plan())).toEqual([]);
    expect(hub.requests).toEqual([]);
  });

  it('is fetched at the locked commit although its branch has moved', async () => {
    const commit = hub.push('org/repo', { 'm-Q4_K_M.gguf': ggufBytes() });
    declare('hf://org/repo:Q4_K_M');
    await machine.plan();
    await machine.apply();
    const locked = lockEntry();
    machine.ollama.foreign.remove('chat:latest');
    hub.push('org/repo', { 'm-Q4_K_M.gguf': ggufBytes({ dataBytes: 8_192 }) });
    await machine.apply();
    expect(lockEntry()).toEqual(locked);
    expect(locked?.commit).toBe(commit);
    expect(machine.names()).toEqual(['chat:latest']);
  });

  it('may be split into files, all of which Ollama is given', async () => {
    hub.push('org/repo', split);
    declare('hf://org/repo:Q8_0');
    const applied = await machine.apply();
    expect(applied.changes?.entries.map(({ outcome }) => outcome)).toEqual(['created']);
    expect(lockEntry()?.files).toHaveLength(2);
  });

  it.each([
    ['a split', split, /several files/],
    ['safetensors', { 'model.safetensors': safetensorsBytes() }, /safetensors/],
  ])(
    'that is %s is locked, and held on the embedded engine with the reason',
    async (_, files, why) => {
      machine.setDown(true);
      hub.push('org/repo', files);
      declare('hf://org/repo');
      const applied = await machine.apply();
      expect(heldOf(applied)).toEqual(['chat: unsupported']);
      expect(applied.plan?.held[0]?.detail).toMatch(why);
      expect(lockEntry()?.commit).toMatch(/^[0-9a-f]{40}$/);
    },
  );

  it('is in the cache of the Hub as well where that takes no room, until it goes', async () => {
    machine.setDown(true);
    const commit = hub.push('org/repo', { 'm-Q4_K_M.gguf': ggufBytes() });
    declare('hf://org/repo');
    expect((await machine.apply()).exitCode).toBe(0);
    const cache = 'user/.cache/huggingface/hub/models--org--repo';
    const inCache = () =>
      Object.keys(machine.written()).filter((path) => path.includes('hub/models--org--repo'));
    expect(machine.read(`${cache}/refs/main`)).toBe(commit);
    expect(machine.read(`${cache}/snapshots/${commit}/m-Q4_K_M.gguf`)).toContain('GGUF');
    const [blob = ''] = inCache().filter((path) => path.includes('/blobs/'));
    expect(statSync(blob).nlink).toBe(2);
    hub.requests.length = 0;
    machine.write('models.yaml', modelDocument('other', 'source: file://./other.gguf'));
    writeFileSync(join(machine.folder, 'other.gguf'), ggufBytes({ dataBytes: 8_192 }));
    expect((await machine.apply({ prune: true })).exitCode).toBe(0);
    expect(inCache()).toEqual([]);
    expect(hub.requests).toEqual([]);
  });

  it('that another tool brought is not fetched, and stays when it goes', async () => {
    const commit = hub.push('org/repo', { 'm-Q4_K_M.gguf': ggufBytes() });
    const repository = 'user/.cache/huggingface/hub/models--org--repo';
    const hex = createHash('sha256').update(ggufBytes()).digest('hex');
    mkdirSync(join(machine.folder, repository, 'blobs'), { recursive: true });
    writeFileSync(join(machine.folder, repository, 'blobs', hex), ggufBytes());
    machine.write(`${repository}/refs/main`, commit);
    const snapshot = join(machine.folder, repository, 'snapshots', commit);
    mkdirSync(snapshot, { recursive: true });
    symlinkSync(`../../blobs/${hex}`, join(snapshot, 'm-Q4_K_M.gguf'));
    machine.setDown(true);
    declare('hf://org/repo');
    const applied = await machine.apply();
    expect(applied.changes?.entries).toMatchObject([{ outcome: 'pulled', downloadedBytes: 0 }]);
    machine.write('models.yaml', modelDocument('other', 'source: file://./other.gguf'));
    writeFileSync(join(machine.folder, 'other.gguf'), ggufBytes({ dataBytes: 8_192 }));
    expect((await machine.apply({ prune: true })).exitCode).toBe(0);
    expect(readFileSync(join(snapshot, 'm-Q4_K_M.gguf'))).toEqual(Buffer.from(ggufBytes()));
  });

  it('that is gated stops the plan with the way to get it', async () => {
    hub.push('org/repo', { 'm-Q4_K_M.gguf': ggufBytes() }, { gated: 'auto' });
    declare('hf://org/repo');
    const { problems } = await machine.plan();
    expect(problems).toMatchObject([{ code: 'source/gated', path: 'spec.source' }]);
  });

  it('that the Hub is too busy for is held, and nothing else is stopped by it', async () => {
    hub.push('org/repo', { 'm-Q4_K_M.gguf': ggufBytes() });
    hub.add({ on: /\/api\//, times: 9, status: 429, headers: { ratelimit: '"api";r=0;t=299' } });
    machine.publish('library/other:v1', 'other');
    machine.write(
      'models.yaml',
      `${modelDocument('chat', 'source: hf://org/repo')}---\n${modelDocument('other', 'source: 127.0.0.1:11434/library/other:v1')}`,
    );
    const planned = await machine.plan();
    expect(heldOf(planned)).toEqual(['chat:latest: unreachable']);
    expect(planned.plan?.held[0]?.detail).toContain('wait 300 s');
    expect(actionsOf(planned)).toEqual(['pull 127.0.0.1:11434/library/other:v1']);
  });
});
