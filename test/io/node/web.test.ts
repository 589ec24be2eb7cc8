// What only the port for the web does, beside the contract of both: proxies, authorities of one's
// own, memory that is lent.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../src/io/io.ts';
import { createNodeWeb } from '../../../src/io/node/web.ts';
import { makeCertificates } from '../../fakes/certificates.ts';
import { type FakeProxy, startProxy } from '../../fakes/proxy-server.ts';
import { canRun } from '../../fakes/real-server.ts';
import { failureOf, serve, textOf } from './http-servers.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

type Variables = Readonly<Record<string, string>>;

const ask = async (url: string, more: Partial<HttpRequest> = {}, variables: Variables = {}) => {
  const web = createNodeWeb({ get: (name) => variables[name] });
  const { status, body } = await web.request({ method: 'GET', url, timeoutMs: 5_000, ...more });
  return `${status} ${await textOf(body)}`;
};

async function proxyTo(
  url: string,
  options: Partial<Parameters<typeof startProxy>[0]> = {},
): Promise<FakeProxy> {
  const proxy = await startProxy({ port: Number(new URL(url).port), ...options });
  closers.push(proxy.close);
  return proxy;
}

const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * index) % 251));
const digest = createHash('sha256').update(bytes).digest('hex');

describe('a lent chunk', () => {
  it('holds the right bytes until the next one is asked for, over many connections', async () => {
    const { url } = await serve((_, response) => response.end(bytes));
    const web = createNodeWeb({ get: () => undefined });
    const read = async (): Promise<string> => {
      const request = { method: 'GET', url, timeoutMs: 5_000, lendsChunks: true } as const;
      const hash = createHash('sha256');
      for await (const chunk of (await web.request(request)).body) {
        await new Promise((resolve) => setImmediate(resolve));
        hash.update(chunk);
      }
      return hash.digest('hex');
    };
    const rounds = [...(await Promise.all(Array.from({ length: 8 }, read))), await read()];
    expect(new Set(rounds)).toEqual(new Set([digest]));
  });

  it('may be kept where none was lent', async () => {
    const { url } = await serve((_, response) => response.end(bytes));
    const web = createNodeWeb({ get: () => undefined });
    const kept: Uint8Array[] = [];
    for (let round = 0; round < 2; round += 1) {
      const lendsChunks = round === 1;
      const { body } = await web.request({ method: 'GET', url, timeoutMs: 5_000, lendsChunks });
      for await (const chunk of body) if (!lendsChunks) kept.push(chunk);
    }
    expect(createHash('sha256').update(Buffer.concat(kept)).digest('hex')).toBe(digest);
  });
});

describe('a proxy', () => {
  it('is asked for the whole address of what is plain http', async () => {
    const { url } = await serve(({ headers }, response) => {
      response.end(`${headers.host} ${headers['proxy-authorization'] === undefined}`);
    });
    const proxy = await proxyTo(url);
    const variables = { http_proxy: proxy.url, NO_PROXY: 'else.example' };
    expect(await ask('http://models.example/a', {}, variables)).toBe('200 models.example true');
    expect(proxy.asked).toEqual(['GET http://models.example/a']);
  });

  it('of the environment is not for loopback, a declared one is', async () => {
    const { url } = await serve((_, response) => response.end('here'));
    const proxy = await proxyTo(url);
    expect(await ask(url, {}, { ALL_PROXY: proxy.url })).toBe('200 here');
    expect(proxy.asked).toEqual([]);
    expect(await ask(url, { connection: { proxy: proxy.url } })).toBe('200 here');
    expect(proxy.asked).toHaveLength(1);
  });

  it('that refuses is told as the proxy, without its password', async () => {
    const { url } = await serve((_, response) => response.end());
    const proxy = await proxyTo(url, { credentials: 'user:right' });
    const wrong = proxy.url.replace('//', '//user:wrongpassword@');
    const error = await failureOf(ask('https://models.example/a', {}, { HTTPS_PROXY: wrong }));
    expect(error.reason).toBe('proxy');
    expect(error.message).toBe(`the proxy ${proxy.url}: it answered 407`);
  });

  it('that is not there is told as the proxy', async () => {
    const error = await failureOf(
      ask('https://models.example/a', { connection: { proxy: 'http://127.0.0.1:1' } }),
    );
    expect([error.reason, error.message]).toEqual([
      'proxy',
      'the proxy http://127.0.0.1:1: nothing listens there (ECONNREFUSED)',
    ]);
  });

  it('that never answers ends with the signal and with the time', async () => {
    const { url } = await serve((_, response) => response.end());
    const proxy = await proxyTo(url, { isSilent: true });
    const connection = { proxy: proxy.url };
    const late = ask('https://models.example/a', { connection, timeoutMs: 50 });
    expect((await failureOf(late)).reason).toBe('timeout');
    const controller = new AbortController();
    const asking = ask('https://models.example/a', { connection, signal: controller.signal });
    while (proxy.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(asking).rejects.toBe(reason);
  });
});

describe.runIf(canRun('openssl'))('an authority of its own', () => {
  let folder: string;
  let ca: string;
  let url: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'modelctl-tls-'));
    const made = makeCertificates(folder);
    ca = made.ca;
    const server = createServer({ cert: made.certificate, key: made.key }, (request, response) =>
      response.end(request.url === '/large' ? bytes : 'trusted'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://localhost:${(server.address() as AddressInfo).port}`;
    closers.push(() => {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    });
  });

  it('is trusted where it is declared, and nowhere else', async () => {
    expect((await failureOf(ask(url))).reason).toBe('tls');
    expect(await ask(url, { connection: { ca } })).toBe('200 trusted');
  });

  it('is trusted from SSL_CERT_FILE', async () => {
    const file = join(folder, 'bundle.pem');
    writeFileSync(file, ca);
    expect(await ask(url, {}, { SSL_CERT_FILE: file })).toBe('200 trusted');
  });

  it.each([
    ['directly', false],
    ['through a tunnel', true],
  ])('lends memory as well: what it sends %s arrives right', async (_how, isTunnelled) => {
    const proxy = isTunnelled ? (await proxyTo(url)).url : null;
    const web = createNodeWeb({ get: () => undefined });
    const memory = new Set<ArrayBufferLike>();
    let chunks = 0;
    const read = async (isSlow: boolean): Promise<string> => {
      const hash = createHash('sha256');
      const { body } = await web.request({
        method: 'GET',
        url: `${isTunnelled ? 'https://models.example' : url}/large`,
        timeoutMs: 5_000,
        lendsChunks: true,
        connection: { ca, proxy },
      });
      for await (const chunk of body) {
        if (isSlow) await new Promise((resolve) => setImmediate(resolve));
        hash.update(chunk);
        memory.add(chunk.buffer);
        chunks += 1;
      }
      return hash.digest('hex');
    };
    const slow = await Promise.all(Array.from({ length: 4 }, () => read(true)));
    memory.clear();
    chunks = 0;
    expect(new Set([...slow, await read(false)])).toEqual(new Set([digest]));
    // A tunnel is a stream to TLS, which then has memory of its own.
    if (!isTunnelled) expect(memory.size).toBeLessThan(chunks / 2);
  });

  it('is checked behind a tunnel too, with the credentials for the proxy alone', async () => {
    const proxy = await proxyTo(url, { credentials: 'user:p@ss' });
    const HTTPS_PROXY = proxy.url.replace('//', '//user:p%40ss@');
    const target = 'https://models.example/a';
    expect(await ask(target, { connection: { ca } }, { HTTPS_PROXY })).toBe('200 trusted');
    expect((await failureOf(ask(target, {}, { HTTPS_PROXY }))).reason).toBe('tls');
    expect(proxy.asked).toEqual(['CONNECT models.example:443', 'CONNECT models.example:443']);
  });
});
