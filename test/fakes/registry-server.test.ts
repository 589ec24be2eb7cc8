import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sources } from '../../src/artifacts/sources/index.ts';
import { createObtain } from '../../src/artifacts/transfer/obtain.ts';
import { createNodeIo } from '../../src/io/node.ts';
import { createWorld, problemOf, valueOf } from '../artifacts/world.ts';
import { ggufBytes } from './gguf-bytes.ts';
import { createFakeJournal } from './journal.ts';
import { createRegistry } from './registry-server.ts';
import { digestOf } from './registry-store.ts';

const bytes = ggufBytes();

async function listening() {
  const registry = createRegistry();
  registry.addModel('library/qwen3:8b', { weights: bytes });
  registry.files.set('x.gguf', bytes);
  const { origin, close } = await registry.listen();
  onTestFinished(close);
  const world = createWorld(createNodeIo().web);
  const resolve = (reference: string) => sources.sourceOf(reference).resolve(reference, world);
  const host = new URL(origin).host;
  return { registry, origin, world, resolve, reference: `ollama://${host}/library/qwen3:8b` };
}

describe('over a loopback socket', () => {
  it('serves a model, its blobs from another hostname', async () => {
    const { registry, resolve, reference } = await listening();
    expect(valueOf(await resolve(reference))).toMatchObject({
      weights: digestOf(bytes),
      facts: { format: 'gguf', parameters: 8_200_000_000 },
    });
    expect(registry.requests.map(({ url }) => url.hostname)).toEqual([
      'localhost',
      'localhost',
      '127.0.0.1',
    ]);
  });

  it('lets a download be cut, aborted and resumed, with the real ports', async () => {
    const { registry, origin, world, resolve } = await listening();
    const artifact = valueOf(
      await resolve(`${origin}/files/x.gguf#sha256=${digestOf(bytes).slice(7)}`),
    );
    const { obtain } = createObtain({
      io: world.io,
      cacheFolder: join(world.folder, 'cache'),
      folderOf: () => world.folder,
      routes: world.routes,
      journal: createFakeJournal(),
    });
    let completed = 0;
    const fetchIt = (signal: AbortSignal) =>
      obtain(artifact, artifact.files[0]!, { signal, onBytes: (count) => (completed = count) });
    registry.add({ on: /x\.gguf/, cutAfterBytes: 300 });
    registry.add({ on: /x\.gguf/, pauseAfterBytes: 700, pauseUntil: new Promise(() => undefined) });
    const controller = new AbortController();
    const work = fetchIt(controller.signal);
    await expect.poll(() => completed).toBe(1_000);
    const completedBefore = completed;
    controller.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    expect((await fetchIt(world.signal)).downloadedBytes).toBe(bytes.length - completedBefore);
  });

  it('can look as if it were not there', async () => {
    const { registry, resolve, reference } = await listening();
    registry.add({ on: /manifests/, refusesConnection: true, times: 2 });
    expect(problemOf(await resolve(reference))).toMatchObject({ retry: 'later' });
  });
});

describe('as a process', () => {
  it('serves a folder, and fails on demand', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'modelctl-registry-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'files'));
    writeFileSync(join(folder, 'files', 'notes.txt'), 'hello');
    writeFileSync(join(folder, 'starter.gguf'), bytes);
    const program = fileURLToPath(new URL('registry-server.ts', import.meta.url));
    const child = spawn(process.execPath, [program, '--folder', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(async () => {
      child.kill();
      await once(child, 'exit');
    });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const origin = line.replace('listening on ', '');

    expect(await (await fetch(`${origin}/files/notes.txt`)).text()).toBe('hello');
    const world = createWorld(createNodeIo().web);
    const reference = `ollama://${new URL(origin).host}/library/starter:latest`;
    const resolve = () => sources.sourceOf(reference).resolve(reference, world);
    expect(valueOf(await resolve()).weights).toBe(digestOf(bytes));
    await fetch(`${origin}/_faults`, {
      method: 'POST',
      body: JSON.stringify({ on: 'manifests', status: 429 }),
    });
    expect(problemOf(await resolve())).toMatchObject({ code: 'source/rate-limited' });
    expect(valueOf(await resolve()).weights).toBe(digestOf(bytes));
  });
});
