import { describe, expect, it } from 'vitest';
import { ports, received, serve, textOf, until } from './http-servers.ts';

describe.each(ports)('over $name', ({ call }) => {
  describe('uploading a stream', () => {
    async function* pieces(count: number, bytes: number): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < count; piece += 1) yield new Uint8Array(bytes).fill(65 + piece);
    }

    it('sends it with the length that was given', async () => {
      const { url } = await serve(async (request, response) => {
        response.end(`${request.headers['content-length']} ${await received(request)}`);
      });
      const headers = { 'content-length': '6' };
      const answer = await call(url, { method: 'PUT', headers, body: pieces(3, 2) });
      expect(await textOf(answer.body)).toBe('6 AABBCC');
    });

    it('counts the wait for an answer from its last chunk', async () => {
      const { url } = await serve(async (request, response) => {
        response.end(await received(request));
      });
      async function* slow(): AsyncGenerator<Uint8Array> {
        for (let piece = 0; piece < 6; piece += 1) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          yield new Uint8Array([65]);
        }
      }
      const headers = { 'content-length': '6' };
      const answer = await call(url, { method: 'POST', headers, body: slow(), timeoutMs: 150 });
      expect(await textOf(answer.body)).toBe('AAAAAA');
    });

    it('fails with the failure of the stream itself', async () => {
      const { url } = await serve((request) => request.resume());
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield new Uint8Array([65]);
        throw new Error('the disk broke');
      }
      const headers = { 'content-length': '9' };
      await expect(call(url, { method: 'POST', headers, body: broken() })).rejects.toThrow(
        'disk broke',
      );
    });

    it.each([2, 9])('refuses a stream of other length than announced (%i)', async (announced) => {
      const { url } = await serve((request) => request.resume());
      const headers = { 'content-length': String(announced) };
      const sent = call(url, { method: 'POST', headers, body: pieces(3, 2) });
      await expect(sent).rejects.toThrow(`does not have ${announced} bytes`);
    });

    it('stops when the answer comes early', async () => {
      const { url } = await serve((_, response) => {
        response.writeHead(413).end('too large');
      });
      let stopped = false;
      async function* endless(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            yield new Uint8Array(100_000);
          }
        } finally {
          stopped = true;
        }
      }
      const headers = { 'content-length': String(1e12) };
      const answer = await call(url, { method: 'POST', headers, body: endless() });
      expect(answer.status).toBe(413);
      expect(await textOf(answer.body)).toBe('too large');
      await until(() => stopped);
    });
  });
});
