// Puts a fake's handler behind a real loopback port.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Disconnected, type FakeHandler } from './message.ts';

export interface Listening {
  readonly url: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

export async function listen(
  handler: FakeHandler,
  port = 0,
  now?: () => number,
): Promise<Listening> {
  const server = createServer((request, response) => {
    void relay(handler, request, response, now);
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function relay(
  handler: FakeHandler,
  request: IncomingMessage,
  response: ServerResponse,
  now: (() => number) | undefined,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  try {
    const answered = await handler({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      body: request,
      signal: gone.signal,
    });
    const date = now === undefined ? {} : { date: new Date(now()).toUTCString() };
    response.writeHead(answered.status, { ...answered.headers, ...date });
    if (request.method !== 'HEAD') {
      for await (const chunk of answered.body) {
        if (gone.signal.aborted) return;
        if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve));
      }
    }
    response.end();
  } catch (error) {
    response.destroy();
    if (!(error instanceof Disconnected) && !gone.signal.aborted) throw error;
  }
}
