// What can go wrong between a registry and us, on demand. A fault waits for a request that fits
// and changes what it is answered, so many times.

/** An answer before it is sent: over a socket, or handed to a caller in the same process. */
export interface FakeResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** How the body goes out when it does not simply go out. */
  readonly delivery?: Delivery;
}

export interface Delivery {
  /** The connection breaks once so many bytes have gone out. */
  readonly cutAfterBytes?: number;
  /** Nothing more goes out after so many bytes until the promise settles. */
  readonly pauseAfterBytes?: number;
  readonly pauseUntil?: Promise<unknown>;
  /** Sends pieces of this size, so long apart. */
  readonly pieceBytes?: number;
  readonly pieceDelayMs?: number;
}

export interface Fault extends Delivery {
  /** Tried on `GET /v2/library/qwen3/manifests/8b`: method, blank, path with query. */
  readonly on: RegExp;
  /** Default 1. */
  readonly times?: number;
  /** Another status; its body is empty unless `body` says otherwise. */
  readonly status?: number;
  /** Added to the answer's headers; a value of null takes one away. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Other bytes; Content-Length follows them. */
  readonly body?: Uint8Array | string;
  /** As if the request had asked for no range. */
  readonly ignoresRange?: boolean;
  /** Nothing listens: no answer at all. */
  readonly refusesConnection?: boolean;
}

export interface Faults {
  readonly add: (fault: Fault) => void;
  /** The fault that this request meets, used up by one. */
  readonly take: (method: string, url: URL) => Fault | null;
}

export function createFaults(): Faults {
  const waiting: { readonly fault: Fault; left: number }[] = [];
  return {
    add: (fault) => {
      waiting.push({ fault, left: fault.times ?? 1 });
    },
    take: (method, url) => {
      const found = waiting.find(
        ({ fault, left }) => left > 0 && fault.on.test(`${method} ${url.pathname}${url.search}`),
      );
      if (found === undefined) return null;
      found.left -= 1;
      return found.fault;
    },
  };
}

export function spoil(response: FakeResponse, fault: Fault): FakeResponse {
  const body =
    fault.body === undefined
      ? fault.status === undefined
        ? response.body
        : new Uint8Array()
      : Buffer.from(fault.body);
  const headers: Record<string, string> = { ...response.headers };
  if (body !== response.body) headers['content-length'] = String(body.length);
  for (const [name, value] of Object.entries(fault.headers ?? {})) {
    if (value === null) delete headers[name];
    else headers[name] = value;
  }
  return { status: fault.status ?? response.status, headers, body, delivery: fault };
}

/** The body in the order and at the pace of its delivery; throws where the connection breaks. */
export async function* deliver(response: FakeResponse): AsyncGenerator<Uint8Array> {
  const { body, delivery = {} } = response;
  const end = Math.min(body.length, delivery.cutAfterBytes ?? body.length);
  const pieceBytes = delivery.pieceBytes ?? 64 * 1024;
  let sent = 0;
  while (sent < end) {
    const pauseAt = delivery.pauseAfterBytes ?? end;
    if (sent >= pauseAt) await delivery.pauseUntil;
    const next = Math.min(end, sent + pieceBytes, sent < pauseAt ? pauseAt : end);
    yield body.subarray(sent, next);
    sent = next;
    if (delivery.pieceDelayMs !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, delivery.pieceDelayMs));
    }
  }
  if (delivery.cutAfterBytes !== undefined) throw new Error('cut');
}
