// Who may ask the engine, and for how much.
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineAddress } from '../../src/backends/embedded/client.ts';
import { bodyBytesMax } from '../../src/engine/server.ts';
import { ask, createHome, type Home } from './home.ts';

let home: Home;
let engine: EngineAddress;

beforeAll(async () => {
  home = await createHome();
  engine = await home.start();
}, 60_000);
afterAll(async () => home.cleanUp(), 60_000);

const paths = ['/v1/models', '/api/status'];

describe('the engine', () => {
  test.each(paths)('answers %s to those who know the token', async (path) => {
    expect((await ask(engine, path)).status).toBe(200);
  });

  test.each([
    ['no token', {}],
    ['an empty token', { authorization: 'Bearer ' }],
    ['another token', { authorization: `Bearer ${'0'.repeat(64)}` }],
    ['a part of the token', { authorization: 'HEAD' }],
  ])('answers 401 to %s, whatever is asked', async (_, headers) => {
    const part = engine.headers['authorization']?.slice(0, -1) ?? '';
    const own = Object.values(headers).includes('HEAD') ? { authorization: part } : headers;
    for (const path of [...paths, '/nowhere']) {
      const { status, body } = await ask(engine, path, undefined, { headers: { ...own } });
      expect(status).toBe(401);
      expect(body.error.code).toBe('engine/unauthorized');
      expect(JSON.stringify(body)).not.toContain(engine.headers['authorization']?.slice(7));
    }
  });

  test('answers 403 under another host name, as a rebound address would have', async () => {
    const { port } = new URL(engine.url);
    const reply = await raw(Number(port), [
      'GET /api/status HTTP/1.1',
      'Host: evil.example.com',
      `Authorization: ${engine.headers['authorization']}`,
      'Connection: close',
      '',
      '',
    ]);
    expect(reply).toContain('403 Forbidden');
    expect(reply).toContain('engine/foreign-host');
  });

  test('listens on loopback only', async () => {
    expect(new URL(engine.url).hostname).toBe('127.0.0.1');
  });

  test('tells a path that is not there from a wrong method', async () => {
    expect((await ask(engine, '/api/nowhere')).status).toBe(404);
    expect((await ask(engine, '/v1/models', {})).status).toBe(405);
    expect((await ask(engine, '/api/load')).status).toBe(405);
  });

  test.each(['', '[]', '"text"', '{"name":', 'null'])('refuses the body %j', async (body) => {
    expect(await ask(engine, '/api/load', body)).toMatchObject({
      status: 400,
      body: { error: { code: 'engine/bad-request' } },
    });
  });

  test('answers 413 to a body that is too large, and goes on', async () => {
    const body = JSON.stringify({ model: 'x', input: 'x'.repeat(bodyBytesMax) });
    expect(await ask(engine, '/v1/embeddings', body)).toMatchObject({
      status: 413,
      body: { error: { code: 'engine/too-large' } },
    });
    expect((await ask(engine, '/api/status')).status).toBe(200);
  });

  test('answers 404 to a load of what is not there', async () => {
    expect(await ask(engine, '/api/load', { name: 'nobody' })).toMatchObject({
      status: 404,
      body: { error: { code: 'engine/unknown-model', retry: 'never' } },
    });
  });
});

async function raw(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(lines.join('\r\n'));
  let text = '';
  for await (const part of socket) text += String(part);
  return text;
}
