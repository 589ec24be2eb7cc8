// Transfers of a running apply: seen and ended from another process, and what they wait for.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../fakes/registry-store.ts';
import { tinyGguf } from '../fakes/tiny-gguf.mjs';
import { runModelctl } from './transcript.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
// Behind its tensors a file may hold anything.
const weights = Buffer.concat([tinyGguf({ says: 'slowly', seed: 9 }), Buffer.alloc(2_000_000)]);
const stallAt = 1024 * 1024;

/** Serves the file; while it stalls, each answer stops in the middle and stays open. */
async function startServer() {
  const state = { stalls: false, asksForS: 0 };
  const ranges: string[] = [];
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    ranges.push(request.headers.range ?? 'whole');
    if (state.asksForS > 0) {
      response.writeHead(429, { 'Retry-After': state.asksForS }).end();
      state.asksForS = 0;
      return;
    }
    const start = Number(range?.[1] ?? 0);
    const end = range?.[2] ? Math.min(Number(range[2]) + 1, weights.length) : weights.length;
    response.writeHead(range === null ? 200 : 206, {
      'Content-Length': end - start,
      ETag: '"one"',
      ...(range === null ? {} : { 'Content-Range': `bytes ${start}-${end - 1}/${weights.length}` }),
    });
    open.add(response);
    if (state.stalls) response.write(weights.subarray(start, Math.min(end, stallAt)));
    else response.end(weights.subarray(start, end));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    for (const response of open) response.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { state, ranges, url: `http://127.0.0.1:${port}/tiny.gguf` };
}

/** A manifest that is locked. */
async function lockedModel() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'modelctl-cancel-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  // Nothing listens there: no Ollama answers, so the embedded engine is used.
  const place = { folder: join(root, 'work'), home: join(root, 'home'), address: '127.0.0.1:1' };
  mkdirSync(place.folder);
  const server = await startServer();
  const digest = digestOf(weights);
  const manifest = [
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    'metadata: { name: slow }',
    `spec: { source: "${server.url}#${digest.replace(':', '=')}" }`,
  ];
  writeFileSync(join(place.folder, 'models.yaml'), `${manifest.join('\n')}\n`);
  const modelctl = (...given: readonly string[]) => runModelctl(given, { place });
  expect(await modelctl('lock', '-f', 'models.yaml')).toMatchObject({ code: 0 });
  return { place, server, digest, modelctl };
}

/** An apply that has come to a standstill. */
async function stalledApply() {
  const { place, server, digest, modelctl } = await lockedModel();
  server.state.stalls = true;
  const child = spawn(process.execPath, [program, 'apply', '-f', 'models.yaml'], {
    cwd: place.folder,
    env: {
      PATH: process.env['PATH'],
      HOME: place.home,
      MODELCTL_HOME: place.home,
      OLLAMA_HOST: place.address,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const ended = once(child, 'close') as Promise<[number | null]>;
  onTestFinished(() => void child.kill('SIGKILL'));
  const list = async () => {
    const { stdout } = await modelctl('get', 'transfers', '-o', 'json');
    return (JSON.parse(stdout) as { readonly items: readonly Record<string, unknown>[] }).items;
  };
  await expect
    .poll(async () => (await list())[0]?.['completedBytes'], { timeout: 15_000 })
    .toBe(stallAt);
  const staging = join(place.home, 'cache', 'staging');
  const staged = () => (existsSync(staging) ? readdirSync(staging) : []);
  return { server, digest, modelctl, child, ended, output: () => output, list, staged };
}

describe('a transfer of another process', () => {
  it('is listed as it runs, and dropped although nothing arrives', async () => {
    const { digest, modelctl, child, ended, output, list, staged } = await stalledApply();
    expect(await list()).toMatchObject([
      {
        digest,
        state: 'Running',
        model: 'slow',
        file: 'tiny.gguf',
        completedBytes: stallAt,
        totalBytes: weights.length,
        pid: child.pid,
      },
    ]);
    const table = await modelctl('get', 'transfers', 'slow');
    expect(table.stdout).toMatch(/slow .*tiny\.gguf .*Running .*1\.0 MB/);
    const cancelled = await modelctl('cancel', 'slow', '--drop');
    expect(cancelled).toMatchObject({ code: 0 });
    expect(cancelled.stdout).toMatch(/^tiny\.gguf \([0-9a-f]{12}\) was dropped/);
    expect((await ended)[0]).toBe(3);
    expect(output()).toContain('transfer/cancelled');
    expect(output()).not.toContain('attempt 2');
    expect([staged(), await list()]).toEqual([[], []]);
  });

  it('is ended and kept, and the next apply goes on from there', async () => {
    const { server, digest, modelctl, ended, list, staged } = await stalledApply();
    const prefix = digest.slice('sha256:'.length, 'sha256:'.length + 8);
    const cancelled = await modelctl('cancel', prefix);
    expect(cancelled).toMatchObject({ code: 0 });
    expect(cancelled.stdout).toContain('was stopped');
    expect((await ended)[0]).toBe(3);
    expect(staged()).toHaveLength(1);
    expect(await list()).toMatchObject([{ state: 'Partial', completedBytes: stallAt, pid: null }]);
    const again = await modelctl('cancel', 'slow', '-o', 'json');
    expect(JSON.parse(again.stdout)).toMatchObject({ items: [{ outcome: 'idle' }] });
    server.state.stalls = false;
    server.ranges.length = 0;
    expect(await modelctl('apply', '-f', 'models.yaml')).toMatchObject({ code: 0 });
    expect(server.ranges).toEqual([`bytes=${stallAt}-`]);
    expect([staged(), await list()]).toEqual([[], []]);
  });

  it('that was killed is no longer running, and is dropped by whoever asks', async () => {
    const { modelctl, child, ended, list, staged } = await stalledApply();
    child.kill('SIGKILL');
    await ended;
    expect(await list()).toMatchObject([{ state: 'Partial', completedBytes: stallAt }]);
    expect(await modelctl('cancel', '--all', '--drop')).toMatchObject({ code: 0 });
    expect([staged(), await list()]).toEqual([[], []]);
  });
});

describe('a server that asks for a while', () => {
  it('is waited for, and that is told', async () => {
    const { server, modelctl } = await lockedModel();
    server.state.asksForS = 1;
    const applied = await modelctl('apply', '-f', 'models.yaml');
    expect(applied).toMatchObject({ code: 0 });
    const { host } = new URL(server.url);
    expect(applied.stderr).toContain(`pull slow: waits 1s: asked by the server (${host})`);
  });
});
