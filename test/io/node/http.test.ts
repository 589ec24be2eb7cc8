import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createNodeHttp } from '../../../src/io/node/http.ts';
import { failureOf, ports, received, serve, serveSocket, textOf, until } from './http-servers.ts';

describe.each(ports)('over $name', ({ create, call }) => {
  describe('a request', () => {
    it('returns status, headers in lower case and the body', async () => {
      const { url } = await serve((_, response) => {
        response.writeHead(418, { 'X-Thing': 'a', 'Set-Cookie': ['one=1', 'two=2'] });
        response.end('short and stout');
      });
      const answer = await call(`${url}/path?query=1`);
      expect(answer.status).toBe(418);
      expect(answer.headers).toMatchObject({ 'x-thing': 'a', 'set-cookie': 'one=1, two=2' });
      expect(await textOf(answer.body)).toBe('short and stout');
    });

    it('does not follow redirects', async () => {
      const { url } = await serve((_, response) => {
        response.writeHead(302, { location: '/elsewhere' }).end();
      });
      const answer = await call(url);
      expect(answer.status).toBe(302);
      expect(answer.headers['location']).toBe('/elsewhere');
    });

    it.each(['POST', 'PUT', 'DELETE'] as const)(
      'sends a body with its length on %s',
      async (method) => {
        const { url } = await serve(async (request, response) => {
          const body = await received(request);
          const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
          response.end(JSON.stringify([request.method, body, length, encoding ?? null]));
        });
        const text = await call(url, { method, body: '{"ü":1}' });
        expect(JSON.parse(await textOf(text.body))).toEqual([method, '{"ü":1}', '8', null]);
        const bytes = await call(url, { method, body: new Uint8Array([65, 66]) });
        expect(JSON.parse(await textOf(bytes.body))).toEqual([method, 'AB', '2', null]);
      },
    );

    it('reuses the connection once the body was read, or there was none', async () => {
      const seen = new Set<number | undefined>();
      const { url } = await serve((request, response) => {
        seen.add(request.socket.remotePort);
        response.setHeader('content-length', request.method === 'DELETE' ? 0 : 4);
        response.end(request.method === 'DELETE' ? undefined : 'body');
      });
      const http = create();
      for (const method of ['GET', 'HEAD', 'DELETE', 'GET'] as const) {
        const answer = await http.request({ method, url, timeoutMs: 5_000 });
        if (method === 'GET') await textOf(answer.body);
        // The connection is free again within a few turns.
        for (let turn = 0; turn < 3; turn += 1) await new Promise((done) => setImmediate(done));
      }
      expect(seen.size).toBe(1);
    });

    it('goes out again when a kept connection turns out to be closed', async () => {
      const answered = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
      const url = await serveSocket((socket) => {
        socket.once('data', () => {
          socket.write(answered);
          socket.once('data', () => socket.resetAndDestroy());
        });
      });
      const http = create();
      const ask = async (method: 'GET' | 'POST'): Promise<string> =>
        textOf((await http.request({ method, url, timeoutMs: 5_000 })).body);
      expect(await ask('GET')).toBe('ok');
      await new Promise((resolve) => setImmediate(resolve));
      expect(await ask('GET')).toBe('ok');
      expect(await ask('GET')).toBe('ok');
      await new Promise((resolve) => setImmediate(resolve));
      // What changes something is not repeated behind the caller's back.
      expect((await failureOf(ask('POST'))).reason).toBe('cut');
    });
  });

  describe('a failure', () => {
    it('is told as refused when nothing listens', async () => {
      const { url, server } = await serve(() => undefined);
      await new Promise((resolve) => server.close(resolve));
      const error = await failureOf(call(`${url}/api/tags?token=hidden`));
      expect(error.reason).toBe('refused');
      expect(error.message).toBe(`GET ${url}/api/tags: nothing listens there (ECONNREFUSED)`);
    });

    it('is told as unresolved when the name is not known', async () => {
      expect((await failureOf(call('http://nowhere.invalid/'))).reason).toBe('unresolved');
    });

    it('is told as a timeout when no answer comes', async () => {
      const { url } = await serve(() => undefined);
      expect((await failureOf(call(url, { timeoutMs: 30 }))).reason).toBe('timeout');
    });

    it('is told as cut when the connection ends before an answer', async () => {
      const url = await serveSocket((socket) => socket.once('data', () => socket.destroy()));
      expect((await failureOf(call(url))).reason).toBe('cut');
    });

    it.each([
      ['a body shorter than announced', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nfirst'],
      [
        'a chunked body without its end',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n',
      ],
    ])('is told as cut for %s', async (_, said) => {
      const url = await serveSocket((socket) => socket.once('data', () => socket.end(said)));
      const answer = await call(url);
      const seen: string[] = [];
      const reading = (async () => {
        for await (const chunk of answer.body) seen.push(new TextDecoder().decode(chunk));
      })();
      expect((await failureOf(reading)).reason).toBe('cut');
      expect(seen).toEqual(['first']);
    });

    it('does not end the process when nobody reads the cut body', async () => {
      let socket: Socket | null = null;
      const url = await serveSocket((connected) => {
        socket = connected;
        connected.once('data', () => {
          connected.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nfirst');
        });
      });
      const answer = await call(url);
      (socket as Socket | null)?.resetAndDestroy();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await failureOf(textOf(answer.body))).reason).toBe('cut');
    });

    it('is told as tls when the other side does not speak it', async () => {
      const { url } = await serve((_, response) => response.end());
      const error = await failureOf(call(url.replace('http:', 'https:')));
      expect(error.reason).toBe('tls');
    });

    it('is told as other when the answer is not HTTP', async () => {
      const url = await serveSocket((socket) =>
        socket.once('data', () => socket.end('SSH-2.0-x\r\n')),
      );
      expect((await failureOf(call(url))).reason).toBe('other');
    });

    it.each(['not a url', 'ftp://example.org/x'])(
      'is told for %j without sending anything',
      async (url) => {
        expect((await failureOf(call(url))).reason).toBe('other');
      },
    );

    it('never repeats user, password or query', async () => {
      const { url, server } = await serve(() => undefined);
      await new Promise((resolve) => server.close(resolve));
      const secret = url.replace('http://', 'http://user:secret@');
      const error = await failureOf(call(`${secret}/file?X-Signature=secret`));
      expect(error.message).not.toContain('secret');
      expect(error.message).not.toContain('user');
    });
  });

  describe('a body', () => {
    it('fails when nothing more comes within the idle timeout', async () => {
      const { url } = await serve((_, response) => {
        response.write('first');
      });
      const answer = await call(url, { idleTimeoutMs: 30 });
      expect((await failureOf(textOf(answer.body))).reason).toBe('timeout');
    });

    it('may be read slowly', async () => {
      const { url } = await serve((_, response) => {
        response.write('a'.repeat(100_000));
        response.end('b'.repeat(100_000));
      });
      const answer = await call(url, { idleTimeoutMs: 30 });
      let bytes = 0;
      for await (const chunk of answer.body) {
        await new Promise((resolve) => setTimeout(resolve, 40));
        bytes += chunk.length;
      }
      expect(bytes).toBe(200_000);
    });

    it('is not fetched faster than it is read', async () => {
      const totalBytes = 64 * 1024 * 1024;
      let sentBytes = 0;
      const piece = Buffer.alloc(64 * 1024);
      const { url } = await serve(async (_, response) => {
        response.on('error', () => undefined);
        while (sentBytes < totalBytes && !response.destroyed) {
          sentBytes += piece.length;
          if (!response.write(piece))
            await new Promise((resolve) => response.once('drain', resolve));
        }
        response.end();
      });
      const body = (await call(url)).body[Symbol.asyncIterator]();
      await body.next();
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(sentBytes).toBeLessThan(totalBytes / 2);
      await body.return?.();
    });

    it.each([0, 1])('ends the connection when cancelled after %i chunks', async (chunks) => {
      let closed = false;
      const { url } = await serve((_, response) => {
        response.on('close', () => {
          closed = true;
        });
        response.write('first');
      });
      const body = (await call(url)).body[Symbol.asyncIterator]();
      for (let chunk = 0; chunk < chunks; chunk += 1) await body.next();
      await body.return?.();
      await until(() => closed);
      expect(await body.next()).toEqual({ done: true, value: undefined });
    });
  });

  describe('aborting', () => {
    const reason = new Error('the user said stop');

    it('before the request sends nothing', async () => {
      let asked = 0;
      const { url } = await serve((_, response) => {
        asked += 1;
        response.end();
      });
      await expect(call(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(asked).toBe(0);
    });

    it('while waiting for an answer rejects with the reason and ends the connection', async () => {
      const controller = new AbortController();
      let closed = false;
      const { url } = await serve((request) => {
        request.on('close', () => {
          closed = true;
        });
        controller.abort(reason);
      });
      await expect(call(url, { signal: controller.signal })).rejects.toBe(reason);
      await until(() => closed);
    });

    it('while reading fails the body with the reason', async () => {
      const controller = new AbortController();
      const { url } = await serve((_, response) => {
        response.write('first');
      });
      const body = (await call(url, { signal: controller.signal })).body[Symbol.asyncIterator]();
      await body.next();
      const next = body.next();
      controller.abort(reason);
      await expect(next).rejects.toBe(reason);
    });

    it('after the body was read changes nothing', async () => {
      const controller = new AbortController();
      const { url } = await serve((_, response) => response.end('all'));
      const answer = await call(url, { signal: controller.signal });
      expect(await textOf(answer.body)).toBe('all');
      controller.abort(reason);
      expect(await textOf(answer.body)).toBe('');
    });
  });
});

// Engines only are asked by POST for what may be asked twice.
describe('over io.http', () => {
  it('goes out again with a POST that may be repeated', async () => {
    const answered = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const url = await serveSocket((socket) => {
      socket.once('data', () => {
        socket.write(answered);
        socket.once('data', () => socket.resetAndDestroy());
      });
    });
    const http = createNodeHttp();
    const post = {
      method: 'POST',
      url,
      body: '{}',
      isRepeatable: true,
      timeoutMs: 5_000,
    } as const;
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await textOf((await http.request(post)).body)).toBe('ok');
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});
