// A bundle travels from one home to another as real processes do it, with every way to a network shut:
// proxies that lead nowhere, a registry and a file that are gone.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentOf } from '../bundle-site.ts';
import { modelFile, publishImage } from '../fakes/oci-image.ts';
import { createRegistry } from '../fakes/registry-server.ts';
import { digestOf } from '../fakes/registry-store.ts';
import { tinyGguf } from '../fakes/tiny-gguf.mjs';
import { type Ended, runModelctl } from './transcript.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
let folder = '';
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), 'modelctl-bundle-')));
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await rm(folder, { recursive: true, force: true });
});

/** Ports that nothing listens on. */
const nowhere = '127.0.0.1:9';
const offline = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'].map(
    (name) => [name, `http://${nowhere}`],
  ),
);

interface Site {
  readonly run: (...words: readonly string[]) => Promise<Ended>;
  readonly work: string;
}

async function site(name: string, address = nowhere): Promise<Site> {
  const place = { folder: join(folder, name, 'work'), home: join(folder, name, 'home'), address };
  await mkdir(place.folder, { recursive: true });
  // No Ollama anywhere, so that the engine is the embedded one.
  const environment = { OLLAMA_HOST: nowhere, ...(address === nowhere ? offline : {}) };
  return {
    work: place.folder,
    run: (...words) => runModelctl(words, { place, environment }),
  };
}

const model = (name: string, source: string): string =>
  [
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    `metadata: { name: ${name} }`,
    `spec: { source: "${source}" }`,
  ].join('\n');

/** A machine that has a model of each kind of source, from a registry that is gone later. */
async function origin(): Promise<Site> {
  const registry = createRegistry();
  publishImage(registry, 'team/coder:v1', {
    layers: [modelFile('coder.gguf', tinyGguf({ seed: 2 }))],
  });
  const plain = tinyGguf({ seed: 4 });
  registry.files.set('plain.gguf', plain);
  const listening = await registry.listen();
  stops.push(listening.close);
  const { host } = new URL(listening.origin);
  const one = await site('origin', host);
  await writeFile(join(one.work, 'tiny.gguf'), tinyGguf({ seed: 3 }));
  await mkdir(join(one.work, 'team'));
  const models = [
    model('coder', `oci://${host}/team/coder:v1`),
    model('plain', `http://${host}/files/plain.gguf#${digestOf(plain).replace(':', '=')}`),
  ];
  await writeFile(join(one.work, 'models.yaml'), models.join('\n---\n'));
  await writeFile(join(one.work, 'team', 'tiny.yaml'), model('tiny', 'file://../tiny.gguf'));
  const applied = await one.run('apply', '-f', '.');
  expect([applied.code, applied.stdout]).toEqual([0, expect.stringContaining('3 pulled')]);
  return one;
}

async function originGone(): Promise<void> {
  for (const stop of stops.splice(0)) await stop();
  await rm(join(folder, 'origin'), { recursive: true });
}

describe('a bundle', () => {
  it.each(['folder', 'tar'])(
    'as a %s restores where no network is, with an empty plan',
    async (form) => {
      const from = await origin();
      const path = join(folder, form === 'tar' ? 'set.tar' : 'set');
      const made = await from.run('bundle', '-f', '.', '--out', path);
      expect([made.code, made.stdout]).toEqual([0, expect.stringContaining('3 models, ')]);
      await originGone();

      const to = await site('other');
      const restored = await to.run('restore', path, '--to', 'set');
      expect([restored.code, restored.stderr.split('\n').at(-2)]).toEqual([
        0,
        'Next: modelctl apply --locked -f set/models.yaml -f set/team/tiny.yaml',
      ]);
      const applied = await to.run('apply', '--locked', '-f', 'set');
      expect([applied.code, applied.stdout]).toEqual([0, expect.stringContaining('3 pulled')]);
      const plan = await to.run(
        'plan',
        '--locked',
        '-f',
        'set',
        '--detailed-exitcode',
        '-o',
        'json',
      );
      expect(plan.code).toBe(0);
      expect(JSON.parse(plan.stdout)).toMatchObject({ actions: [], held: [] });
      expect(await readFile(join(to.work, 'set', 'models.lock.yaml'), 'utf8')).toMatch(/^set: /m);
    },
  );
});

/** Runs until it says that it copies the weights, and so long after that; null: it was killed. */
async function killed(
  { folder: cwd, home }: { readonly folder: string; readonly home: string },
  afterMs: number,
  ...words: readonly string[]
): Promise<number | null> {
  const env = { PATH: process.env['PATH'], HOME: home, MODELCTL_HOME: home, OLLAMA_HOST: nowhere };
  const child = spawn(process.execPath, [program, ...words], { cwd, env });
  const ended = once(child, 'close') as Promise<[number | null]>;
  child.stderr.once('data', () => {
    setTimeout(() => child.kill('SIGKILL'), afterMs);
  });
  const [code] = await ended;
  return code;
}

describe('kill -9 in the middle', () => {
  it.each(['set', 'set.tar'])(
    'of bundle and of restore changes nothing in the end (%s)',
    async (name) => {
      const one = await site('origin');
      const weights = Buffer.concat([tinyGguf({ seed: 6 }), randomBytes(24 * 1024 * 1024)]);
      await writeFile(join(one.work, 'big.gguf'), weights);
      await writeFile(join(one.work, 'models.yaml'), model('big', 'file://./big.gguf'));
      expect((await one.run('lock', '-f', '.')).code).toBe(0);
      const place = { folder: one.work, home: join(folder, 'origin', 'home') };
      const path = join(folder, name);
      const codes = [];
      for (const afterMs of [0, 15, 40]) {
        codes.push(await killed(place, afterMs, 'bundle', '-f', 'models.yaml', '--out', path));
      }
      expect(codes).toContain(null);
      expect((await one.run('bundle', '-f', '.', '--out', path)).code).toBe(0);
      const straight = join(folder, `straight-${name}`);
      expect((await one.run('bundle', '-f', '.', '--out', straight)).code).toBe(0);
      expect(contentOf(path)).toEqual(contentOf(straight));

      const to = await site('other');
      const there = { folder: to.work, home: join(folder, 'other', 'home') };
      const ends = [];
      for (const afterMs of [0, 15, 40]) ends.push(await killed(there, afterMs, 'restore', path));
      expect(ends).toContain(null);
      expect((await to.run('restore', path)).code).toBe(0);
      const applied = await to.run('apply', '--locked', '-f', 'models.yaml');
      expect([applied.code, applied.stdout]).toEqual([0, expect.stringContaining('1 pulled')]);
      const plan = await to.run('plan', '--locked', '-f', 'models.yaml', '-o', 'json');
      expect(JSON.parse(plan.stdout)).toMatchObject({ actions: [], held: [] });
      expect(contentOf(join(to.work, '..', 'home', 'cache', 'restored', 'blobs'))).toEqual({});
    },
  );
});
