import { describe, expect, it } from 'vitest';
import { digestOfFiles } from '../../../../src/core/artifact-files.ts';
import { weightsDigest } from '../../../../src/core/weights.ts';
import { ggufBytes, usualPairs } from '../../../fakes/gguf-bytes.ts';
import { gitHash } from '../../../fakes/hub-store.ts';
import { digestOf } from '../../../fakes/registry-store.ts';
import { safetensorsBytes } from '../../../fakes/safetensors-bytes.ts';
import { matching, problemOf, valueOf } from '../../world.ts';
import { model, quantized, setUp } from './hub-world.ts';

const repo = 'org/repo';

describe('a model in GGUF', () => {
  it('is pinned to its commit, with size and sha256 from the listing and facts of its header', async () => {
    const { hub, artifact } = setUp();
    const commit = hub.push(repo, quantized);
    const bytes = quantized['m-Q4_K_M.gguf'];
    expect(await artifact('hf://org/repo:q4_k_m')).toEqual({
      source: 'hf://org/repo:Q4_K_M@main',
      revision: digestOf(bytes),
      commit,
      files: [{ path: 'm-Q4_K_M.gguf', bytes: bytes.length, digest: digestOf(bytes) }],
      weights: digestOf(bytes),
      facts: {
        format: 'gguf',
        architecture: 'llama',
        quantization: 'Q4_K_M',
        contextLength: 4096,
        parameters: 256,
        license: 'apache-2.0',
      },
    });
  });

  it('takes two questions and the beginning of the file, sent elsewhere without the token', async () => {
    const { hub, artifact, asked } = setUp({ HF_TOKEN: 'hf_secret' });
    hub.tokens.set('hf_secret', new Set());
    const commit = hub.push(repo, quantized);
    await artifact('hf://org/repo:Q4_K_M');
    expect(asked()).toEqual([
      'GET /api/models/org/repo/revision/main',
      `GET /api/models/org/repo/tree/${commit}`,
      `GET /org/repo/resolve/${commit}/m-Q4_K_M.gguf`,
      `GET cdn-lfs.huggingface.co/lfs/${digestOf(quantized['m-Q4_K_M.gguf']).slice(7)}`,
    ]);
    expect(hub.requests.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer hf_secret',
      'Bearer hf_secret',
      'Bearer hf_secret',
      undefined,
    ]);
  });

  it('is what llama.cpp takes when no quantization is named', async () => {
    const { hub, artifact } = setUp();
    hub.push(repo, quantized);
    expect((await artifact('hf://org/repo')).files[0]?.path).toBe('m-Q4_K_M.gguf');
  });

  it('that is split has one digest for its weights and another for all of its files', async () => {
    const { hub, artifact } = setUp();
    const split = [{ key: 'split.count', type: 'u16', value: 2 }] as const;
    const files = {
      'm-Q8_0-00001-of-00002.gguf': model('one', split),
      'm-Q8_0-00002-of-00002.gguf': model('two', split),
      'mmproj-F16.gguf': model('projector'),
    };
    hub.push(repo, files);
    const found = await artifact('hf://org/repo:Q8_0');
    expect(found.files).toEqual(
      Object.entries(files).map(([path, bytes]) => ({
        path,
        bytes: bytes.length,
        digest: digestOf(bytes),
      })),
    );
    expect(found.weights).toBe(weightsDigest(found.files.slice(0, 2)));
    expect(found.revision).toBe(digestOfFiles(found.files));
    expect(found.facts).not.toHaveProperty('parameters');
  });

  it('named as a file comes alone, from the revision that is named', async () => {
    const { hub, artifact } = setUp();
    const other = { 'a/my model.gguf': model('other'), 'mmproj-F16.gguf': model('p') };
    const commit = hub.push(repo, other, { ref: 'refs/pr/7' });
    hub.push(repo, quantized);
    const found = await artifact('hf://org/repo/a/my%20model.gguf@refs/pr/7');
    expect(found).toMatchObject({ commit, files: [{ path: 'a/my model.gguf' }] });
    expect(hub.requests[0]?.url.pathname).toBe('/api/models/org/repo/revision/refs%2Fpr%2F7');
  });

  it('is read at the commit, whatever is pushed in between', async () => {
    const { hub, artifact } = setUp();
    const commit = hub.push(repo, quantized);
    hub.push(repo, { 'other.gguf': model('other') });
    expect((await artifact(`hf://org/repo:Q8_0@${commit}`)).commit).toBe(commit);
  });

  it('in a format that is not known has no facts, and a warning', async () => {
    const { hub, resolve } = setUp();
    hub.push(repo, { 'model.onnx': 'something else', ...quantized });
    const resolved = await resolve('hf://org/repo/model.onnx');
    expect(valueOf(resolved).facts).toEqual({});
    expect(resolved.problems).toMatchObject([
      { severity: 'warning', code: 'source/unknown-format' },
    ]);
  });

  it('takes the name of a mix that the header does not know from the file', async () => {
    const { hub, artifact } = setUp();
    hub.push(repo, { 'm-UD-Q4_K_XL.gguf': model('mix') });
    expect((await artifact('hf://org/repo:UD-Q4_K_XL')).facts.quantization).toBe('UD-Q4_K_XL');
  });

  it.each<[string, Uint8Array, string]>([
    ['was cut', ggufBytes().subarray(0, -8), 'source/broken-file'],
    ['has a hostile header', ggufBytes({ tensorCount: 2n ** 60n }), 'source/broken-file'],
  ])('that %s is refused', async (_, bytes, code) => {
    const { hub, resolve } = setUp();
    hub.push(repo, { 'm-Q4_K_M.gguf': bytes });
    expect(problemOf(await resolve('hf://org/repo')).code).toBe(code);
  });

  it('with a long header is read in parts, and no further than that', async () => {
    const { hub, artifact } = setUp();
    const words = Array.from({ length: 150_000 }, (_, at) => `word ${at}`);
    const long = ggufBytes({
      pairs: [
        ...usualPairs,
        { key: 'tokenizer.ggml.merges', type: 'array', itemType: 'string', value: words },
      ],
      tensors: [{ name: 'x', dimensions: [2 ** 21] }],
    });
    hub.push(repo, { 'm-Q4_K_M.gguf': long });
    expect((await artifact('hf://org/repo')).facts.parameters).toBe(2 ** 21);
    const ranges = hub.requests.flatMap(({ url, headers }) =>
      url.pathname.startsWith('/lfs/') ? [headers['range']] : [],
    );
    expect(ranges).toEqual(['bytes=0-1048575', 'bytes=1048576-2097151', 'bytes=2097152-4194303']);
  });

  it('is read although the host of its bytes ignores ranges', async () => {
    const { hub, artifact } = setUp();
    hub.push(repo, { 'm-Q4_K_M.gguf': ggufBytes({ dataBytes: 3_000_000 }) });
    hub.add({ on: /\/lfs\//, times: 9, ignoresRange: true });
    expect((await artifact('hf://org/repo')).facts.parameters).toBe(256);
    expect(hub.requests).toHaveLength(4);
  });

  it('with a hostile projector is refused', async () => {
    const { hub, resolve } = setUp();
    hub.push(repo, { ...quantized, 'mmproj-F16.gguf': ggufBytes({ pairCount: 2n ** 60n }) });
    expect(problemOf(await resolve('hf://org/repo')).detail).toContain('mmproj-F16.gguf');
  });
});

describe('a model in safetensors', () => {
  const config = JSON.stringify({ model_type: 'qwen3', max_position_embeddings: 40_960 });
  const one = safetensorsBytes([{ name: 'a', dtype: 'BF16', shape: [4, 4] }]);
  const two = safetensorsBytes([{ name: 'b', dtype: 'BF16', shape: [3] }]);
  const parts = {
    'model-00001-of-00002.safetensors': one,
    'model-00002-of-00002.safetensors': two,
  };
  const index = JSON.stringify({
    weight_map: { a: Object.keys(parts)[0], b: Object.keys(parts)[1] },
  });
  const whole = {
    'config.json': config,
    'tokenizer.json': '{}',
    LICENSE: 'MIT',
    'modeling.py': 'print("hello")',
    'pytorch_model.bin': 'pickle',
    'model.safetensors': one,
  };

  it('brings its weights and what is read beside them, each with its sha256 and its name in Git', async () => {
    const { hub, artifact } = setUp();
    hub.push(repo, whole);
    const found = await artifact('hf://org/repo');
    expect(found.files).toEqual(
      (['model.safetensors', 'LICENSE', 'config.json', 'tokenizer.json'] as const).map((path) => ({
        path,
        bytes: Buffer.from(whole[path]).length,
        digest: digestOf(whole[path]),
        ...(path === 'model.safetensors' ? {} : { gitSha1: gitHash(Buffer.from(whole[path])) }),
      })),
    );
    expect(found.weights).toBe(digestOf(one));
    expect(found.facts).toEqual({
      format: 'safetensors',
      architecture: 'qwen3',
      quantization: 'BF16',
      contextLength: 40_960,
      parameters: 16,
      license: 'apache-2.0',
    });
  });

  it('in several files is what its index lists, counted over all of them', async () => {
    const { hub, artifact } = setUp();
    hub.push(repo, { ...parts, 'model.safetensors.index.json': index, 'x.safetensors': two });
    const found = await artifact('hf://org/repo');
    expect(found.files.map(({ path }) => path)).toEqual([
      ...Object.keys(parts),
      'model.safetensors.index.json',
    ]);
    expect(found.facts).toMatchObject({ parameters: 19, quantization: 'BF16' });
    expect(found.weights).toBe(weightsDigest(found.files.slice(0, 2)));
  });

  it('of which one file was cut is refused, and that file named', async () => {
    const { hub, resolve } = setUp();
    hub.push(repo, {
      'model-00001-of-00002.safetensors': one,
      'model-00002-of-00002.safetensors': two.subarray(0, -1),
    });
    expect(problemOf(await resolve('hf://org/repo'))).toMatchObject({
      code: 'source/broken-file',
      detail: matching(/model-00002-of-00002\.safetensors .* was cut/),
    });
  });

  it('named as a file comes alone', async () => {
    const { hub, artifact } = setUp();
    hub.push(repo, whole);
    const { files } = await artifact('hf://org/repo/model.safetensors');
    expect(files.map(({ path }) => path)).toEqual(['model.safetensors']);
  });

  it.each([
    ['sends another one of the same length', Buffer.from(config.replace('qwen3', 'llama'))],
    ['sends a longer one', `${config} `],
    ['sends nothing', ''],
  ])('is refused when the Hub %s for a small file', async (_, body) => {
    const { hub, resolve } = setUp();
    hub.push(repo, whole);
    hub.add({ on: /resolve\/.*config\.json/, body });
    expect(problemOf(await resolve('hf://org/repo'))).toMatchObject({
      code: 'source/changed',
      detail: matching('config.json'),
    });
  });
});

describe('what runs code when it is loaded', () => {
  it.each(['hf://org/repo', 'hf://org/repo/pytorch_model.bin'])(
    'is refused: %s',
    async (source) => {
      const { hub, resolve } = setUp();
      hub.push(repo, { 'config.json': '{}', 'pytorch_model.bin': 'pickle' });
      expect(problemOf(await resolve(source)).code).toBe('source/unsafe-format');
    },
  );
});

describe('a listing', () => {
  it('of several pages is followed to its end', async () => {
    const { hub, artifact } = setUp({}, { pageEntriesMax: 3 });
    const notes = Array.from({ length: 10 }, (_, at) => [`a${at}.txt`, 'x'] as const);
    hub.push(repo, { ...Object.fromEntries(notes), 'z-Q4_K_M.gguf': model('last') });
    expect((await artifact('hf://org/repo')).files[0]?.path).toBe('z-Q4_K_M.gguf');
    expect(hub.requests.filter(({ url }) => url.pathname.includes('/tree/'))).toHaveLength(4);
  });

  it.each([
    ['at another host', 'https://evil.example/api/models/org/repo/tree/x?cursor=1'],
    ['at what is no address', 'http://['],
  ])('that goes on %s is refused, and nobody is asked there', async (_, next) => {
    const { hub, resolve } = setUp();
    hub.push(repo, quantized);
    hub.add({ on: /\/tree\//, headers: { link: `<${next}>; rel="next"` } });
    expect(problemOf(await resolve('hf://org/repo')).detail).toContain('another host');
    expect(hub.requests.map(({ url }) => url.hostname)).not.toContain('evil.example');
  });

  it('that goes on where it began is refused', async () => {
    const { hub, resolve } = setUp();
    hub.push(repo, quantized);
    const link = '<?cursor=1>; rel="prev", <?recursive=true&expand=false>; rel="next"';
    hub.add({ on: /\/tree\//, headers: { link } });
    expect(problemOf(await resolve('hf://org/repo')).detail).toMatch(/where it began/);
  });

  it('that never ends is given up', async () => {
    const { hub, resolve } = setUp();
    hub.push(repo, quantized);
    for (let page = 0; page < 300; page += 1) {
      hub.add({ on: /\/tree\//, body: '[]', headers: { link: `<?cursor=${page}>; rel=next` } });
    }
    expect(problemOf(await resolve('hf://org/repo')).detail).toMatch(/more than 200 pages/);
  });

  const oid = '0'.repeat(40);
  const lfs = { oid: 'a'.repeat(64), size: 10 };
  it.each<[string, unknown, RegExp]>([
    ['is no list', { error: 'x' }, /lists no files/],
    ['holds what is no object', [1], /what is no file/],
    ['has a size below zero', [{ type: 'file', path: 'a', size: -1, oid }], /no size/],
    ['has a size of many petabytes', [{ type: 'file', path: 'a', size: 1e17, oid }], /no size/],
    ['has no hash', [{ type: 'file', path: 'a', size: 1, oid: 'x' }], /no hash/],
    [
      'has a sha256 that is none',
      [{ type: 'file', path: 'a', size: 1, oid, lfs: { ...lfs, oid } }],
      /no sha256/,
    ],
    ['names a file twice', [1, 2].map(() => ({ type: 'file', path: 'a', size: 1, oid })), /twice/],
  ])('that %s is refused', async (_, tree, detail) => {
    const { hub, resolve } = setUp();
    hub.push(repo, quantized);
    hub.add({ on: /\/tree\//, body: JSON.stringify(tree) });
    expect(problemOf(await resolve('hf://org/repo')).detail).toMatch(detail);
  });

  it('has no way out of the folder that files are put in', async () => {
    const { hub, artifact } = setUp();
    const paths = [
      '../evil-Q4_K_M.gguf',
      '/etc/x-Q4_K_M.gguf',
      'C:\\x-Q4_K_M.gguf',
      'a\n-Q4_K_M.gguf',
    ];
    hub.push(repo, { ...Object.fromEntries(paths.map((path) => [path, 'x'])), ...quantized });
    expect((await artifact('hf://org/repo:Q4_K_M')).files.map(({ path }) => path)).toEqual([
      'm-Q4_K_M.gguf',
    ]);
  });

  it('that is no JSON is refused', async () => {
    const { hub, resolve } = setUp();
    hub.push(repo, quantized);
    hub.add({ on: /\/revision\//, body: '<html>please log in</html>' });
    expect(problemOf(await resolve('hf://org/repo')).detail).toMatch(/not JSON/);
    hub.add({ on: /\/revision\//, body: '{"sha":"main"}' });
    expect(problemOf(await resolve('hf://org/repo')).detail).toMatch(/which commit/);
  });
});

describe('a repository that was renamed', () => {
  it('is found under its old name, which is said to be old', async () => {
    const { hub, resolve } = setUp();
    hub.push('team/new', quantized);
    hub.renames.set('org/repo', 'team/new');
    const resolved = await resolve('hf://org/repo');
    expect(valueOf(resolved).source).toBe('hf://org/repo@main');
    expect(resolved.problems).toEqual([
      expect.objectContaining({
        severity: 'warning',
        code: 'source/renamed',
        remedy: matching('hf://team/new'),
      }),
    ]);
  });
});
