import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { httpSource, httpsSource } from '../../../src/artifacts/sources/https/index.ts';
import { ProblemError } from '../../../src/core/problem.ts';
import { ggufBytes } from '../../fakes/gguf-bytes.ts';
import { createRegistry } from '../../fakes/registry-server.ts';
import { digestOf } from '../../fakes/registry-store.ts';
import { createWorld, matching, problemOf, valueOf } from '../world.ts';

const bytes = ggufBytes();
const digest = digestOf(bytes);
const hex = digest.slice('sha256:'.length);
const url = 'https://models.example.com/files/x.gguf';
const reference = `${url}#sha256=${hex}`;

function setUp() {
  const registry = createRegistry();
  registry.files.set('x.gguf', bytes);
  const world = createWorld(registry.http);
  return { registry, world, resolve: (of = reference) => httpsSource.resolve(of, world) };
}

describe('the one spelling of a reference', () => {
  it.each([
    [
      `HTTPS://Models.Example.com:443/x.gguf#SHA256=${hex.toUpperCase()}`,
      `https://models.example.com/x.gguf#sha256=${hex}`,
    ],
    [
      `https://example.com/a/../b c.gguf?v=2#sha256=${hex}`,
      `https://example.com/b%20c.gguf?v=2#sha256=${hex}`,
    ],
    [`http://127.0.0.1:80/x#sha256=${hex}`, `http://127.0.0.1/x#sha256=${hex}`],
    [`http://[::1]:8080/x#sha256=${hex}`, `http://[::1]:8080/x#sha256=${hex}`],
  ])('%s is %s', (from, canonical) => {
    expect(valueOf(httpsSource.canonicalize(from))).toBe(canonical);
    expect(valueOf(httpsSource.canonicalize(canonical))).toBe(canonical);
  });

  it('needs a digest, and says how to compute it', () => {
    const problem = problemOf(httpsSource.canonicalize("https://example.com/it's.gguf"));
    expect(problem).toMatchObject({ code: 'source/without-digest' });
    expect(problem.remedy).toContain(
      "\n  curl --fail --location --silent 'https://example.com/it%27s.gguf' | sha256sum",
    );
  });

  it.each([
    [`${url}#sha256=abc`, /64 hex digits/],
    [`${url}#md5=${hex}`, /64 hex digits/],
    [`http://example.com/x#sha256=${hex}`, /plain http to another machine/],
    [`https://#sha256=${hex}`, /not an address/],
    [`https://exa mple.com/x#sha256=${hex}`, /not an address/],
  ])('%s is refused', (from, detail) => {
    expect(problemOf(httpsSource.canonicalize(from))).toMatchObject({
      code: 'source/invalid',
      detail: matching(detail),
    });
  });

  it.each([
    `https://me:hunter2@example.com/x#sha256=${hex}`,
    `https://hunter2@example.com/x`,
    `https://example.com/x?token=hunter2#sha256=${hex}`,
    `https://example.com/x?X-Amz-Signature=hunter2`,
    `https://me:hunter2@exa mple.com/x`,
  ])('is refused without being repeated when it holds a credential', (from) => {
    const problem = problemOf(httpsSource.canonicalize(from));
    expect(problem.code).toBe('source/invalid');
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });
});

describe('resolving', () => {
  it('learns size and facts with one request and only the bytes of the header', async () => {
    const { registry, resolve } = setUp();
    expect(valueOf(await resolve())).toMatchObject({
      source: reference,
      revision: digest,
      weights: digest,
      files: [{ path: 'x.gguf', bytes: bytes.length, digest }],
      facts: { format: 'gguf', architecture: 'llama' },
    });
    expect(registry.requests).toHaveLength(1);
    expect(registry.requests[0]?.headers).toMatchObject({
      range: matching(/^bytes=0-\d+$/),
    });
  });

  it('does the same where ranges are not honoured', async () => {
    const { registry, resolve } = setUp();
    registry.add({ on: /x\.gguf/, ignoresRange: true });
    expect(valueOf(await resolve()).facts.architecture).toBe('llama');
  });

  it('works over plain http on loopback', async () => {
    const { world } = setUp();
    const local = `http://localhost:8080/files/x.gguf#sha256=${hex}`;
    expect(valueOf(await httpSource.resolve(local, world)).source).toBe(local);
  });

  it('follows a redirect and keeps the address that was written', async () => {
    const { registry, resolve } = setUp();
    registry.add({
      on: /x\.gguf/,
      status: 302,
      headers: { location: 'https://cdn.example.com/files/x.gguf?sig=s' },
    });
    expect(valueOf(await resolve()).source).toBe(reference);
    expect(registry.requests.at(-1)?.url.host).toBe('cdn.example.com');
  });

  it('refuses a redirect to plain http', async () => {
    const { registry, resolve } = setUp();
    registry.add({
      on: /x\.gguf/,
      status: 302,
      headers: { location: 'http://models.example.com/files/x.gguf' },
    });
    expect(problemOf(await resolve())).toMatchObject({ code: 'source/redirect-refused' });
  });

  it('warns of a page where a model was expected', async () => {
    const { registry, resolve } = setUp();
    registry.add({ on: /x\.gguf/, ignoresRange: true, body: '<html>sign in</html>' });
    expect((await resolve()).problems).toMatchObject([
      { code: 'source/unknown-format', severity: 'warning' },
    ]);
  });

  it.each([
    [
      'does not tell the size',
      { ignoresRange: true, headers: { 'content-length': null } },
      /how large/,
    ],
    ['serves nothing', { ignoresRange: true, body: '' }, /empty/],
    ['compresses', { headers: { 'content-encoding': 'gzip' } }, /compressed/],
    ['sends another part', { headers: { 'content-range': 'bytes 5-9/100' } }, /another part/],
    ['sends a part of nothing', { headers: { 'content-range': 'lines 1-2' } }, /another part/],
  ])('refuses a server that %s', async (_, fault, detail) => {
    const { registry, resolve } = setUp();
    registry.add({ on: /x\.gguf/, ...fault });
    expect(problemOf(await resolve())).toMatchObject({
      code: 'source/unexpected-answer',
      detail: matching(detail),
    });
  });

  it('is tried again later when the header is cut on its way', async () => {
    const { registry, resolve } = setUp();
    registry.add({ on: /x\.gguf/, cutAfterBytes: 50 });
    expect(problemOf(await resolve())).toMatchObject({ code: 'source/cut', retry: 'later' });
  });

  it('says what to correct when nothing is there', async () => {
    const { registry, resolve } = setUp();
    registry.files.clear();
    expect(problemOf(await resolve())).toMatchObject({
      code: 'source/not-found',
      detail: matching(url),
      remedy: 'Correct the address in spec.source.',
    });
  });
});

describe('opening', () => {
  it('gives the rest of a file, or all of it when it is no longer the same', async () => {
    const { registry, world } = setUp();
    const artifact = valueOf(await httpsSource.resolve(reference, world));
    const [file] = artifact.files;
    const open = (validator?: string) =>
      httpsSource.open(artifact, file!, world).read({
        signal: world.signal,
        range: { start: 100 },
        ...(validator === undefined ? {} : { validator }),
      });
    const first = await open();
    expect(first).toMatchObject({ start: 100, totalBytes: bytes.length });
    expect(first.validator).toMatch(/^https?:\/\/[^ ]+ "[0-9a-f]+"$/);
    expect((await open(first.validator ?? '')).start).toBe(100);
    registry.files.set(
      'x.gguf',
      Buffer.from('another version, which is longer than a hundred bytes'.repeat(9)),
    );
    expect((await open(first.validator ?? '')).start).toBe(0);
    expect((await open()).start).toBe(100);
  });

  it('takes the whole file when there is nothing at the place asked for', async () => {
    const { world } = setUp();
    const artifact = valueOf(await httpsSource.resolve(reference, world));
    const opened = await httpsSource.open(artifact, artifact.files[0]!, world).read({
      signal: world.signal,
      range: { start: bytes.length },
    });
    expect(opened.start).toBe(0);
  });

  it('throws the problem of a broken connection to whoever reads', async () => {
    const { registry, world } = setUp();
    const artifact = valueOf(await httpsSource.resolve(reference, world));
    registry.add({ on: /x\.gguf/, cutAfterBytes: 10 });
    const opened = await httpsSource
      .open(artifact, artifact.files[0]!, world)
      .read({ signal: world.signal });
    await expect(buffer(opened.bytes)).rejects.toThrow(ProblemError);
  });
});
