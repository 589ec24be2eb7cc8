// Connections through a proxy: a tunnel by CONNECT for https, the proxy itself for plain http. What
// fails on the way to the proxy is told as the proxy's failure, never as that of the server behind
// it, and never with the credentials that the proxy's address may hold.
import type { buildConnector as BuildConnector, Dispatcher } from 'undici';
import { HttpError } from '../io.ts';
import { failureWords } from './http-failure.ts';
import { Client } from './undici.ts';
import type { Proxy } from './web-proxy.ts';

/** What is under way and can be given up. */
export interface Ending {
  readonly destroy: (error: Error) => void;
}

export function throughProxy(
  proxy: Proxy,
  direct: BuildConnector.connector,
  connecting: Set<Ending>,
  isTunnelled: boolean,
): BuildConnector.connector {
  const toProxy: BuildConnector.connector = (options, callback) => {
    direct(options, (error, socket) => {
      if (error === null) callback(null, socket);
      else callback(proxyFailure(proxy, failureWords(error), error), null);
    });
  };
  if (!isTunnelled) return toProxy;
  return (options, callback) => {
    // One for each tunnel: the connection becomes the tunnel.
    const client = new Client(proxy.url.origin, { connect: toProxy, allowH2: false });
    let settled = false;
    const settle = (): boolean => {
      const first = !settled;
      settled = true;
      connecting.delete(ending);
      return first;
    };
    const fail = (error: Error): void => {
      if (settle()) callback(error, null);
    };
    const ending: Ending = {
      destroy: (error) => {
        client.destroy(error, () => undefined);
        fail(error);
      },
    };
    connecting.add(ending);
    client.dispatch(connectRequest(proxy, options), {
      onRequestStart: () => undefined,
      onRequestUpgrade: (_, status, __, stream) => {
        const wanted = settle();
        if (wanted && status === 200) {
          direct({ ...options, httpSocket: stream as never }, callback);
          return;
        }
        stream.on('error', () => undefined).destroy();
        if (wanted) callback(proxyFailure(proxy, `it answered ${status}`), null);
      },
      onResponseError: (_, error) => {
        fail(error instanceof HttpError ? error : proxyFailure(proxy, failureWords(error), error));
      },
    });
  };
}

function connectRequest(
  proxy: Proxy,
  { hostname, port }: BuildConnector.Options,
): Dispatcher.DispatchOptions {
  const host = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port || '443'}`;
  return {
    method: 'CONNECT',
    path: host,
    headers: {
      host,
      'user-agent': 'modelctl',
      ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
    },
    headersTimeout: 0,
  };
}

const proxyFailure = (proxy: Proxy, why: string, cause?: Error): HttpError =>
  new HttpError('proxy', `the proxy ${proxy.url.origin}: ${why}`, { cause });
