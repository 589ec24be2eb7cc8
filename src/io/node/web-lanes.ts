// Kept connections: one lane for each origin and way to reach it (proxy, authorities, how many at
// once). A connection that is still being made ends when nobody waits for one any more, so that a
// host that never answers does not keep an aborted program alive.
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import process from 'node:process';
import type { buildConnector as BuildConnector, Dispatcher } from 'undici';
import type { Environment, HttpRequest } from '../io.ts';
import { buildConnector, Client, Pool } from './undici.ts';
import { createReadBuffers, type ReadBuffers, readBytesMax } from './web-buffers.ts';
import { type Proxy, proxyOf } from './web-proxy.ts';
import { type Ending, throughProxy } from './web-tunnel.ts';

export interface Lane {
  /** One more waits for a connection, until it calls what it is given. */
  readonly enter: () => () => void;
  readonly dispatch: (
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    connection: 'kept' | 'new',
  ) => void;
  /** What a body lent out comes back. */
  readonly giveBack: (chunk: Uint8Array) => void;
}

export interface Lanes {
  /** Throws HttpError for a proxy that cannot be used. */
  readonly laneTo: (url: URL, connection: NonNullable<HttpRequest['connection']>) => Lane;
}

/** At once to one origin where nothing is said; further requests queue, within their own timeouts. */
const connectionsMaxDefault = 32;

/** Redirects of model hubs carry signed URLs and long policies: node's 16 KiB are not enough. */
const headerBytesMax = 64 * 1024;

/** Per address of a name with several; node's quarter of a second fails on slow links. */
const addressTimeoutMs = 1_000;

/** For a connection that somebody waits for longer than this. */
const connectTimeoutMs = 60_000;

export function createLanes(environment: Pick<Environment, 'get'>): Lanes {
  const lanes = new Map<string, Lane>();
  const buffers = createReadBuffers();
  return {
    laneTo: ({ origin, protocol, hostname, port }, connection) => {
      const proxy = proxyOf({ protocol, hostname, port }, connection.proxy, environment.get);
      const connectionsMax = connection.connectionsMax ?? connectionsMaxDefault;
      const key = [origin, proxy?.url.href, proxy?.authorization, connectionsMax, connection.ca];
      const name = JSON.stringify(key);
      const lane =
        lanes.get(name) ??
        createLane(new URL(origin), {
          proxy,
          connectionsMax,
          buffers,
          authorities: authoritiesBeside(connection.ca, environment.get('SSL_CERT_FILE')),
        });
      lanes.set(name, lane);
      return lane;
    },
  };
}

interface LaneOptions {
  readonly proxy: Proxy | null;
  readonly connectionsMax: number;
  readonly buffers: ReadBuffers;
  /** All that is trusted; null: what Node trusts by itself. */
  readonly authorities: readonly string[] | null;
}

function createLane(origin: URL, lane: LaneOptions): Lane {
  const { proxy, connectionsMax, buffers, authorities } = lane;
  const connecting = new Set<Ending>();
  const isTunnelled = proxy !== null && origin.protocol === 'https:';
  // TLS through a tunnel reads into memory of its own: Node passes `onread` over there.
  const direct = trackedConnector(connecting, {
    ...(authorities === null ? {} : { ca: [...authorities] }),
    onread: buffers.onread,
    // TLS reads records, and many that wait would be copied into one.
    ...(origin.protocol === 'https:' ? {} : { highWaterMark: readBytesMax }),
  });
  const connect = proxy === null ? direct : throughProxy(proxy, direct, connecting, isTunnelled);
  const to = proxy !== null && !isTunnelled ? proxy.url : origin;
  const options = { connect, allowH2: false, maxHeaderSize: headerBytesMax };
  const pool = new Pool(to.origin, { ...options, connections: connectionsMax });
  let waiting = 0;
  return {
    giveBack: buffers.giveBack,
    enter: () => {
      let entered = true;
      waiting += 1;
      return () => {
        if (!entered) return;
        entered = false;
        waiting -= 1;
        if (waiting > 0) return;
        for (const one of connecting) one.destroy(new Error('nobody waits for this connection'));
      };
    },
    dispatch: (wanted, handler, connection) => {
      const dispatched = to === origin ? wanted : absolute(wanted, origin, proxy);
      if (connection === 'kept') {
        pool.dispatch(dispatched, handler);
        return;
      }
      const client = new Client(to.origin, options);
      client.dispatch(dispatched, handler);
      // Ends once this one request has.
      client.close(() => undefined);
    },
  };
}

/** What a proxy is asked for plain http: the whole address, and the host as the server knows it. */
const absolute = (
  options: Dispatcher.DispatchOptions,
  origin: URL,
  proxy: Proxy | null,
): Dispatcher.DispatchOptions => ({
  ...options,
  path: `${origin.origin}${options.path}`,
  headers: {
    host: origin.host,
    ...(proxy?.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
    ...(options.headers as Readonly<Record<string, string>>),
  },
});

function trackedConnector(
  connecting: Set<Ending>,
  socketOptions: object,
): BuildConnector.connector {
  const connect = buildConnector({
    allowH2: false,
    timeout: connectTimeoutMs,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: addressTimeoutMs,
    ...socketOptions,
  }) as (...call: Parameters<BuildConnector.connector>) => Socket;
  return (options, callback) => {
    const socket = connect(options, (...result) => {
      connecting.delete(socket);
      callback(...result);
    });
    connecting.add(socket);
  };
}

/** Node replaces what it trusts by what it is given, so all of that is given too. */
function authoritiesBeside(
  ca: string | undefined,
  file: string | undefined,
): readonly string[] | null {
  const extra = [...(ca === undefined ? [] : [ca]), ...readAuthorities(file)];
  if (extra.length === 0) return null;
  const { getCACertificates } = process.getBuiltinModule('node:tls');
  return [...getCACertificates('default'), ...extra];
}

/** As with OpenSSL, a file that cannot be read adds nothing. */
function readAuthorities(file: string | undefined): readonly string[] {
  if (file === undefined || file === '') return [];
  try {
    return [readFileSync(file, 'utf8')];
  } catch {
    return [];
  }
}
