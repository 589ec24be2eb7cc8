// The bytes of a file at the commit that is locked.
import { describe, expect, it } from 'vitest';
import { huggingFaceSource } from '../../../../src/artifacts/sources/huggingface/index.ts';
import { digestOf } from '../../../fakes/registry-store.ts';
import { matching, problemFrom } from '../../world.ts';
import { bytesOf, quantized, setUp } from './hub-world.ts';

const repo = 'org/repo';
const bytes = quantized['m-Q4_K_M.gguf'];
const object = `cdn-lfs.huggingface.co/lfs/${digestOf(bytes).slice(7)}`;

async function locked(variables: Readonly<Record<string, string>> = {}) {
  const all = setUp(variables);
  for (const token of Object.values(variables)) all.hub.tokens.set(token, new Set([repo]));
  const commit = all.hub.push(repo, quantized);
  const artifact = await all.artifact('hf://org/repo');
  all.hub.requests.length = 0;
  return { ...all, commit, found: artifact };
}

describe('opening a file', () => {
  it('asks nothing yet, and reads it whole or in part at its commit', async () => {
    const { open, found, part, asked, commit, hub } = await locked();
    const file = open(found);
    hub.push(repo, { 'other.gguf': 'x' });
    expect(asked()).toEqual([]);
    const opened = await file.read(part());
    expect(opened).toMatchObject({ start: 0, totalBytes: bytes.length });
    expect(await bytesOf(opened)).toEqual(bytes);
    expect(asked()).toEqual([`GET /org/repo/resolve/${commit}/m-Q4_K_M.gguf`, `GET ${object}`]);
    const middle = await file.read(part({ start: 10, end: 19 }));
    expect(middle.start).toBe(10);
    expect(await bytesOf(middle)).toEqual(bytes.subarray(10, 20));
  });

  it('asks the Hub once where its bytes are, and the other host for all parts', async () => {
    const { open, found, part, asked } = await locked();
    const file = open(found);
    for (const start of [0, 10, 20])
      await bytesOf(await file.read(part({ start, end: start + 9 })));
    expect(asked().slice(1)).toEqual([`GET ${object}`, `GET ${object}`, `GET ${object}`]);
  });

  it('asks the Hub again when the address has expired', async () => {
    const { hub, open, found, part, asked } = await locked();
    const file = open(found);
    await bytesOf(await file.read(part({ start: 0, end: 9 })));
    hub.expireAddresses();
    expect(await bytesOf(await file.read(part({ start: 10, end: 19 })))).toEqual(
      bytes.subarray(10, 20),
    );
    expect(asked().filter((one) => one.includes('/resolve/'))).toHaveLength(2);
  });

  it('says that it may be tried again where a new address is no good either', async () => {
    const { hub, open, found, part } = await locked();
    hub.add({ on: /\/lfs\//, times: 9, status: 403 });
    const problem = await problemFrom(open(found).read(part()));
    expect(problem).toMatchObject({ code: 'source/expired-address', retry: 'later' });
    expect(problem.detail).not.toContain('not-for-logs');
  });

  it('sends the token to the Hub and never to the other host', async () => {
    const { hub, open, found, part } = await locked({ HF_TOKEN: 'hf_mine' });
    const file = open(found);
    await bytesOf(await file.read(part({ start: 0, end: 9 })));
    await bytesOf(await file.read(part({ start: 0, end: 9 })));
    expect(
      hub.requests.map(({ url, headers }) => `${url.hostname} ${headers['authorization']}`),
    ).toEqual([
      'huggingface.co Bearer hf_mine',
      'cdn-lfs.huggingface.co undefined',
      'cdn-lfs.huggingface.co undefined',
    ]);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['another digest', { 'x-linked-etag': `"${'a'.repeat(64)}"` }],
    ['another size', { 'x-linked-size': '1' }],
    ['another commit', { 'x-repo-commit': 'b'.repeat(40) }],
  ])('refuses a file of which the Hub tells %s, before a byte is read', async (_, headers) => {
    const { hub, open, found, part, asked } = await locked();
    hub.add({ on: /\/resolve\//, headers });
    expect(await problemFrom(open(found).read(part()))).toMatchObject({
      code: 'source/changed',
      detail: matching('m-Q4_K_M.gguf'),
    });
    expect(asked()).toHaveLength(1);
  });

  it('takes a mirror at its bytes that tells nothing of the kind', async () => {
    const { hub, open, found, part } = await locked();
    const silent = { 'x-linked-etag': null, 'x-linked-size': null, 'x-repo-commit': null };
    hub.add({ on: /\/resolve\//, headers: silent });
    expect(await bytesOf(await open(found).read(part()))).toEqual(bytes);
  });

  it('reads the revision that is named where a lock has lost the commit', async () => {
    const { open, found, part, asked } = await locked();
    const { commit: _commit, ...without } = found;
    expect(await bytesOf(await open(without).read(part()))).toEqual(bytes);
    expect(asked()[0]).toBe('GET /org/repo/resolve/main/m-Q4_K_M.gguf');
  });

  it('goes to the mirror first, without the token of the environment, and then to the Hub', async () => {
    const { hub, world, found, part } = await locked({ HF_TOKEN: 'hf_mine' });
    const declared = { kind: 'basic', username: 'me', password: 'pass' } as const;
    const routes = (origin: URL) => [
      { base: new URL('https://one.example/hf'), http: hub.http, credentials: async () => null },
      { base: new URL('https://two.example/'), http: hub.http, credentials: async () => declared },
      { base: origin, http: hub.http, credentials: async () => null },
    ];
    const [file] = found.files;
    if (file === undefined) throw new Error('there is no file');
    const opened = await huggingFaceSource.open(found, file, { ...world, routes }).read(part());
    expect(await bytesOf(opened)).toEqual(bytes);
    expect(
      hub.requests.map(({ url, headers }) => `${url.hostname} ${headers['authorization']}`),
    ).toEqual([
      'one.example undefined',
      `two.example Basic ${Buffer.from('me:pass').toString('base64')}`,
      'huggingface.co Bearer hf_mine',
      'cdn-lfs.huggingface.co undefined',
    ]);
  });

  it('sends what was declared for the Hub, and not the token of the environment', async () => {
    const { hub, world, found, part } = await locked({ HF_TOKEN: 'hf_mine' });
    hub.tokens.set('hf_declared', new Set());
    const declared = { kind: 'bearer', token: 'hf_declared' } as const;
    const routes = (base: URL) => [{ base, http: hub.http, credentials: async () => declared }];
    const file = found.files[0]!;
    await bytesOf(await huggingFaceSource.open(found, file, { ...world, routes }).read(part()));
    expect(hub.requests[0]?.headers['authorization']).toBe('Bearer hf_declared');
  });

  it('sends the token nowhere else, wherever an answer leads', async () => {
    const { hub, artifact } = await locked({ HF_TOKEN: 'hf_mine' });
    const notes = Array.from({ length: 1_200 }, (_, at) => [`n${at}.txt`, 'x'] as const);
    const commit = hub.push(repo, { ...quantized, ...Object.fromEntries(notes) });
    const tree = `/api/models/${repo}/tree/${commit}?recursive=true&expand=false`;
    hub.add({ on: /\/tree\//, status: 307, headers: { location: `https://other.example${tree}` } });
    await artifact('hf://org/repo');
    const elsewhere = hub.requests.filter(({ url }) => url.hostname !== 'huggingface.co');
    expect(elsewhere.map(({ url }) => url.hostname)).toEqual([
      'other.example',
      'other.example',
      'cdn-lfs.huggingface.co',
    ]);
    expect(elsewhere.flatMap(({ headers }) => headers['authorization'] ?? [])).toEqual([]);
  });

  it('refuses an artifact of another source', async () => {
    const { world, found } = await locked();
    const [file] = found.files;
    expect(() =>
      huggingFaceSource.open({ ...found, source: 'hf://' }, file ?? found.files[0]!, world),
    ).toThrow(/cannot be read/);
  });
});
