// A proxy as companies have them: tunnels by CONNECT, whole addresses for plain http, and a password
// where one is set. Wherever it is asked to go, it goes to one place.
import { createServer, request as forward } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

export interface FakeProxy {
  readonly url: string;
  /** `CONNECT host:443`, `GET http://host/path`. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
}

export async function startProxy(options: {
  /** Where every connection is led. */
  readonly port: number;
  /** `user:password`. */
  readonly credentials?: string;
  /** Takes connections, and never answers. */
  readonly isSilent?: boolean;
}): Promise<FakeProxy> {
  const { port, credentials, isSilent = false } = options;
  const asked: string[] = [];
  const wanted =
    credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`;
  const server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (incoming.headers['proxy-authorization'] !== wanted) {
      outgoing.writeHead(407).end();
      return;
    }
    const { pathname } = new URL(incoming.url ?? '');
    const onward = forward({ port, path: pathname, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(outgoing);
    });
    onward.end();
  });
  server.on('connect', (incoming, socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    socket.on('error', () => undefined);
    if (isSilent) return;
    if (incoming.headers['proxy-authorization'] !== wanted) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
  });
  const sockets = new Set<{ destroy: () => void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
