// Servers that answer exactly what a test says, above or below HTTP, and what the tests of the
// client ask of them. Each file that imports this closes its servers after each test.
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import { afterEach, expect } from 'vitest';
import { type Http, HttpError, type HttpRequest, type HttpResponse } from '../../../src/io/io.ts';
import { createNodeHttp } from '../../../src/io/node/http.ts';
import { createNodeWeb } from '../../../src/io/node/web.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

type Answer = (...exchange: Parameters<RequestListener>) => unknown;

export async function serve(answer: Answer): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** A server below HTTP: says exactly these bytes, or nothing. */
export async function serveSocket(
  onConnection: (socket: Socket, count: number) => void,
): Promise<string> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    count += 1;
    onConnection(socket, count);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Call = (url: string, options?: Partial<HttpRequest>) => Promise<HttpResponse>;

/** Both real ports, which the contract holds for; `call` asks over a port of its own each time. */
export const ports: readonly {
  readonly name: string;
  readonly create: () => Http;
  readonly call: Call;
}[] = [
  { name: 'io.http', create: createNodeHttp },
  { name: 'io.web', create: () => createNodeWeb({ get: () => undefined }) },
].map(({ name, create }) => ({
  name,
  create,
  call: (url, options = {}) =>
    create().request({ method: 'GET', url, timeoutMs: 5_000, ...options }),
}));

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of body) parts.push(chunk);
  return new TextDecoder().decode(Buffer.concat(parts));
}

export async function received(incoming: IncomingMessage): Promise<string> {
  return textOf(incoming as AsyncIterable<Uint8Array>);
}

export async function failureOf(work: Promise<unknown>): Promise<HttpError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(HttpError);
  return error as HttpError;
}

export const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};
