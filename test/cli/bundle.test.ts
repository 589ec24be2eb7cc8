// A bundle travels from one home to another as real processes do it, with every way to a network shut:
// proxies that lead nowhere, a registry and a file that are gone.

import { realpathSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelFile, publishImage } from '../fakes/oci-image.ts';
import { createRegistry } from '../fakes/registry-server.ts';
import { digestOf } from '../fakes/registry-store.ts';
import { tinyGguf } from '../fakes/tiny-gguf.mjs';
import { type Ended, runModelctl } from './transcript.ts';

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
