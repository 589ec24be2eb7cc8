// A model from a real registry onto the embedded engine, by the program that people type.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { modelFile, type OciImage } from '../fakes/oci-image.ts';
import { basicHeader, startRegistry } from '../fakes/real-registry.ts';
import { canRun } from '../fakes/real-server.ts';
import { digestOf } from '../fakes/registry-store.ts';
import { tinyGguf } from '../fakes/tiny-gguf.mjs';
import { runModelctl } from './transcript.ts';

const weights = tinyGguf({ says: 'from a registry', seed: 5 });
const image = { layers: [modelFile('tiny.gguf', weights), modelFile('LICENSE', 'Apache-2.0')] };

async function setUp(pushed: OciImage = image) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'modelctl-registry-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [own, folder, home] = ['registry', 'work', 'home'].map((name) => join(root, name));
  for (const path of [own, folder, join(home ?? '', '.docker')])
    mkdirSync(path ?? '', { recursive: true });
  const registry = await startRegistry(own ?? '', 'basic');
  onTestFinished(registry.stop);
  const revision = await registry.push('team/tiny', 'v1', pushed);
  // Nothing listens there: no Ollama answers, so the embedded engine is used.
  const place = { folder: folder ?? '', home: home ?? '', address: '127.0.0.1:1' };
  const manifest = [
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    'metadata: { name: tiny }',
    `spec: { source: "oci://${registry.host}/team/tiny:v1" }`,
  ];
  writeFileSync(join(place.folder, 'models.yaml'), `${manifest.join('\n')}\n`);
  return {
    registry,
    revision,
    login: () =>
      writeFileSync(
        join(place.home, '.docker', 'config.json'),
        JSON.stringify({ auths: { [registry.host]: { auth: basicHeader.slice(6) } } }),
      ),
    lock: () => readFileSync(join(place.folder, 'models.lock.yaml'), 'utf8'),
    modelctl: (...given: readonly string[]) => runModelctl(given, { place }),
  };
}

describe.runIf(canRun('docker-registry'))('a model in a registry', () => {
  it('is installed as it was locked, whatever becomes of its tag', async () => {
    const { registry, revision, login, lock, modelctl } = await setUp();
    const refused = await modelctl('apply', '-f', 'models.yaml');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('does not let team/tiny be read');
    login();
    const applied = await modelctl('apply', '-f', 'models.yaml');
    expect(applied).toMatchObject({ code: 0 });
    expect(applied.stdout).toMatch(/^pulled +tiny/);
    expect(lock()).toContain(revision);
    expect(lock()).toContain(digestOf(weights));
    await registry.push('team/tiny', 'v1', {
      layers: [modelFile('tiny.gguf', tinyGguf({ says: 'another', seed: 6 }))],
    });
    expect(await modelctl('apply', '-f', 'models.yaml')).toMatchObject({ code: 0, stderr: '' });
    expect((await modelctl('get', '-o', 'json')).stdout).toContain(digestOf(weights));
    expect(`${applied.stdout}${applied.stderr}${lock()}`).not.toContain(basicHeader.slice(6));
  });

  it('whose weights are in several files is held for an engine that takes one', async () => {
    const { login, modelctl } = await setUp({
      layers: [modelFile('a-1.gguf', weights), modelFile('a-2.gguf', tinyGguf({ seed: 6 }))],
    });
    login();
    const applied = await modelctl('apply', '-f', 'models.yaml');
    expect(applied.code).toBe(3);
    expect(`${applied.stdout}${applied.stderr}`).toContain('spread over several files');
  });
});
