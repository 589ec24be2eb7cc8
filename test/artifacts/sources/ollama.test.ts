import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ollamaSource } from '../../../src/artifacts/sources/ollama/index.ts';
import { HttpError } from '../../../src/io/io.ts';
import { createRegistry, type RegistryOptions } from '../../fakes/registry-server.ts';
import { digestOf } from '../../fakes/registry-store.ts';
import { createWorld, matching, problemOf, valueOf } from '../world.ts';

const weights = Buffer.from('GGUF weights of a model that is not one');
const name = 'library/qwen3:8b';

function setUp(options?: RegistryOptions) {
  const registry = createRegistry(options);
  const model = registry.addModel(name, {
    weights,
    layers: { template: '{{ .Prompt }}', license: 'MIT' },
  });
  const world = createWorld(registry.http);
  return {
    registry,
    model,
    world,
    resolve: (reference = 'qwen3:8b') => ollamaSource.resolve(reference, world),
  };
}

describe('the one spelling of a reference', () => {
  it.each([
    ['qwen3', 'ollama://registry.ollama.ai/library/qwen3:latest'],
    ['qwen3:8b', 'ollama://registry.ollama.ai/library/qwen3:8b'],
    ['Library/Qwen3:8b', 'ollama://registry.ollama.ai/library/qwen3:8b'],
    ['REGISTRY.ollama.ai/library/qwen3:8b', 'ollama://registry.ollama.ai/library/qwen3:8b'],
    ['llama3:8b-instruct-q4_K_M', 'ollama://registry.ollama.ai/library/llama3:8b-instruct-q4_K_M'],
    ['hf.co/Org/Repo-GGUF:Q4_K_M', 'ollama://hf.co/Org/Repo-GGUF:Q4_K_M'],
    ['localhost:5000/team/coder', 'ollama://localhost:5000/team/coder:latest'],
  ])('%s is %s', (reference, canonical) => {
    expect(valueOf(ollamaSource.canonicalize(reference))).toBe(canonical);
    expect(valueOf(ollamaSource.canonicalize(canonical))).toBe(canonical);
  });

  it.each([
    ['', /Name a model/],
    ['ollama://', /Name a model/],
    ['qwen3:', /the form is/],
    ['qwen 3', /the form is/],
    ['-qwen3', /the form is/],
    ['a/b/c/d', /ollama:\/\/\[host/],
    ['ns..x/../qwen3', /the form is/],
    ['qwen3:8b\u0000', /form/],
    [`${'x'.repeat(81)}:8b`, /form/],
    [
      'registry.example.com/coder',
      /Did you mean ollama:\/\/registry\.example\.com\/library\/coder:latest/,
    ],
    ['localhost:0/team/coder', /form/],
    ['1.2.3.999/team/coder', /form/],
    ['qwen3:cloud', /tag that has weights/],
    ['gpt-oss:120b-cloud', /tag that has weights/],
    ['qwen3:local', /tag that has weights/],
  ])('%j is refused', (reference, remedy) => {
    expect(problemOf(ollamaSource.canonicalize(reference))).toMatchObject({
      code: 'source/invalid',
      remedy: matching(remedy),
    });
  });

  it('is refused without being repeated when it may hold a password', () => {
    const problem = problemOf(ollamaSource.canonicalize('ollama://me:hunter2@example.com/a/b'));
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });
});

describe('resolving', () => {
  it('pins every file with the manifest byte for byte and the facts of the config', async () => {
    const { resolve, model } = setUp();
    const artifact = valueOf(await resolve());
    expect(artifact).toMatchObject({
      source: 'ollama://registry.ollama.ai/library/qwen3:8b',
      revision: digestOf(model.manifest),
      manifest: model.manifest,
      weights: digestOf(weights),
      facts: {
        format: 'gguf',
        architecture: 'qwen3',
        quantization: 'Q4_K_M',
        contextLength: 40_960,
        parameters: 8_200_000_000,
      },
    });
    expect(artifact.files.map((file) => file.path)).toEqual([
      'model',
      'template',
      'license',
      'config',
    ]);
    expect(artifact.files[0]).toEqual({
      path: 'model',
      bytes: weights.length,
      digest: digestOf(weights),
      mediaType: 'application/vnd.ollama.image.model',
    });
  });

  it('asks for the manifest of the tag, in the form that registries want', async () => {
    const { resolve, registry } = setUp();
    await resolve();
    expect(registry.requests[0]).toMatchObject({
      method: 'GET',
      headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' },
    });
    expect(registry.requests[0]?.url.href).toBe(
      'https://registry.ollama.ai/v2/library/qwen3/manifests/8b',
    );
  });

  it('speaks plain http to a registry on loopback, and to no other', async () => {
    const { registry, resolve } = setUp();
    await resolve('localhost:5000/library/qwen3:8b');
    await resolve('127.0.0.1:5000/library/qwen3:8b');
    await resolve('registry.example.com/library/qwen3:8b');
    const asked = registry.requests.filter(({ url }) => url.pathname.includes('/manifests/'));
    expect(asked.map(({ url }) => url.origin)).toEqual([
      'http://localhost:5000',
      'http://127.0.0.1:5000',
      'https://registry.example.com',
    ]);
  });

  it('follows a tag that moved to the new bytes', async () => {
    const { registry, resolve } = setUp();
    const before = valueOf(await resolve());
    registry.addModel(name, { weights: Buffer.from('other weights') });
    const after = valueOf(await resolve());
    expect(after.source).toBe(before.source);
    expect(after.revision).not.toBe(before.revision);
  });

  it('lists a blob that two layers share once', async () => {
    const { registry, resolve } = setUp();
    registry.addModel(name, { weights, layers: { license: 'MIT' } });
    const manifest = JSON.parse(registry.manifests.get(name) ?? '') as { layers: unknown[] };
    manifest.layers.push(manifest.layers[1]);
    registry.manifests.set(name, JSON.stringify(manifest));
    expect(valueOf(await resolve()).files.map((file) => file.path)).toEqual([
      'model',
      'license',
      'config',
    ]);
  });

  it('goes on without facts when the config is not there for the asking', async () => {
    const { registry, resolve } = setUp();
    registry.add({ on: /\/blobs\//, status: 404 });
    const result = await resolve();
    expect(valueOf(result).facts).toEqual({});
    expect(result.problems).toMatchObject([{ code: 'source/no-facts', severity: 'warning' }]);
  });

  it('refuses a config with another digest than the manifest gives', async () => {
    const { registry, resolve } = setUp();
    registry.add({ on: /\/cdn\//, body: '{"model_format":"gguf"}' });
    expect(problemOf(await resolve())).toMatchObject({ code: 'source/bad-manifest' });
  });
});

describe('tokens', () => {
  it('are asked for once and used for all that follows, but not at another host', async () => {
    const { registry, resolve } = setUp({ tokens: 'for-anyone' });
    expect(valueOf(await resolve()).facts.architecture).toBe('qwen3');
    expect(registry.requests.map(({ url }) => url.pathname.split('/').at(1))).toEqual([
      'v2',
      'token',
      'v2',
      'v2',
      'cdn',
    ]);
    expect(registry.requests.at(1)?.url.search).toBe(
      '?service=registry&scope=repository%3Alibrary%2Fqwen3%3Apull',
    );
    expect(registry.requests.at(-1)?.headers).not.toHaveProperty('authorization');
  });

  it('that nobody gets without a key make the model private, not missing', async () => {
    const { resolve } = setUp({ tokens: 'for-nobody' });
    expect(problemOf(await resolve())).toMatchObject({
      code: 'source/unauthorized',
      retry: 'never',
    });
  });

  it('are not fetched from another host than the registry', async () => {
    const { registry, resolve } = setUp();
    const challenge = 'Bearer realm="https://evil.example/token",service="x"';
    registry.add({ on: /manifests/, status: 401, headers: { 'www-authenticate': challenge } });
    expect(problemOf(await resolve())).toMatchObject({
      code: 'source/unauthorized',
      detail: matching('evil.example'),
    });
    expect(registry.requests).toHaveLength(1);
  });

  it('open blobs too', async () => {
    const { registry, world } = setUp({ tokens: 'for-anyone' });
    const artifact = valueOf(await ollamaSource.resolve('qwen3:8b', world));
    const opened = await ollamaSource.open(artifact, artifact.files[0]!, world).read({
      signal: world.signal,
      range: { start: 5 },
    });
    expect(opened).toMatchObject({ start: 5, totalBytes: weights.length });
    expect(await buffer(opened.bytes)).toEqual(weights.subarray(5));
    expect(registry.requests.at(-1)?.headers).toMatchObject({ range: 'bytes=5-' });
  });
});

describe('a registry that does not answer as it should', () => {
  it.each<[string, number, Record<string, string>, string, 'never' | 'later', RegExp]>([
    [
      'is missing the tag',
      404,
      {},
      'source/not-found',
      'never',
      /Check the model and its tag.*ollama\.com\/library\/qwen3\/tags/,
    ],
    ['forbids', 403, {}, 'source/unauthorized', 'never', /spec\.auth of a Registry/],
    ['is asked too often', 429, { 'retry-after': '120' }, 'source/rate-limited', 'later', /later/],
    ['has a fault', 500, {}, 'source/unexpected-answer', 'later', /later/],
    ['has moved on', 418, {}, 'source/unexpected-answer', 'never', /address/],
  ])('%s', async (_, status, headers, code, retry, remedy) => {
    const { registry, resolve } = setUp();
    registry.add({ on: /manifests/, status, headers });
    expect(problemOf(await resolve())).toMatchObject({
      code,
      retry,
      remedy: matching(remedy),
    });
  });

  it('is told how long it asks to wait, within reason', async () => {
    const { registry, resolve } = setUp();
    registry.add({ on: /manifests/, status: 429, headers: { 'retry-after': '120' } });
    registry.add({ on: /manifests/, status: 429, headers: { 'retry-after': '999999999' } });
    expect(problemOf(await resolve()).detail).toContain('wait 120 s');
    expect(problemOf(await resolve()).detail).toContain('longer than a day');
  });

  it('suggests the tag that was written as a part of the name', async () => {
    const { registry, resolve } = setUp();
    registry.add({ on: /manifests/, status: 404, times: 2 });
    expect(problemOf(await resolve('qwen3-8b')).remedy).toContain('Did you mean qwen3:8b?');
    expect(problemOf(await resolve('qwen33:8b')).remedy).toContain('Did you mean qwen3:8b?');
  });

  it.each(['refused', 'unresolved', 'timeout', 'cut', 'tls', 'other'] as const)(
    'can answer later when the connection is %s',
    async (reason) => {
      const world = createWorld({ request: () => Promise.reject(new HttpError(reason, 'x')) });
      const problem = problemOf(await ollamaSource.resolve('qwen3:8b', world));
      expect(problem).toMatchObject({
        retry: 'later',
        detail: matching('registry.ollama.ai'),
      });
    },
  );

  it('ends with the reason of the abort, not with a problem', async () => {
    const { world } = setUp();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(ollamaSource.resolve('qwen3:8b', { ...world, signal })).rejects.toThrow('enough');
  });

  it('does not get away with a body that trickles in', async () => {
    const registry = createRegistry();
    registry.addModel(name, { weights });
    registry.add({ on: /manifests/, pieceBytes: 1 });
    const world = createWorld(registry.http);
    let now = 0;
    const clock = { ...world.io.clock, now: () => (now += 10_000) };
    const problem = problemOf(
      await ollamaSource.resolve('qwen3:8b', { ...world, io: { ...world.io, clock } }),
    );
    expect(problem).toMatchObject({ code: 'source/unreachable', retry: 'later' });
  });
});

describe('redirects', () => {
  const redirect = (location: string) => ({ on: /manifests/, status: 302, headers: { location } });

  it.each([
    ['leaves https', 'http://registry.ollama.ai/x', /leaves https/],
    ['leads to this machine', 'https://127.0.0.1/x', /from the outside to this machine/],
    [
      'leads to this machine in disguise',
      'https://2130706433/x',
      /from the outside to this machine/,
    ],
    [
      'leads to a metadata service',
      'https://169.254.169.254/latest',
      /from the outside to this machine/,
    ],
    ['holds a password', 'https://me:hunter2@example.com/x', /user name or password/],
    ['is no address', 'https://[', /not an address/],
    ['is another protocol', 'file:///etc/passwd', /neither https nor http/],
  ])('are refused when one %s', async (_, location, detail) => {
    const { registry, resolve } = setUp();
    registry.add(redirect(location));
    const problem = problemOf(await resolve());
    expect(problem).toMatchObject({
      code: 'source/redirect-refused',
      detail: matching(detail),
    });
    expect(JSON.stringify(problem)).not.toContain('hunter2');
    expect(registry.requests).toHaveLength(1);
  });

  it('end after a few', async () => {
    const { registry, resolve } = setUp();
    registry.add({ ...redirect('/v2/library/qwen3/manifests/8b'), times: 100 });
    expect(problemOf(await resolve()).detail).toContain('more than 5 times');
    expect(registry.requests).toHaveLength(6);
  });
});
