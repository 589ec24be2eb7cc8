// What passes between a client and a fake server, without a socket: the same handler runs behind a
// real port (listen.ts) and inside a test's process (memory-http.ts).

export interface FakeRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborted when the client closes the connection. */
  readonly signal: AbortSignal;
}

export interface FakeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

export type FakeHandler = (request: FakeRequest) => Promise<FakeResponse>;

/** Thrown by a handler: the client sees no answer, or no more of it. */
export class Disconnected extends Error {
  readonly reason: 'refused' | 'cut';
  constructor(reason: Disconnected['reason']) {
    super(`connection ${reason}`);
    this.reason = reason;
  }
}

const encoder = new TextEncoder();

async function* once(text: string | Uint8Array): AsyncGenerator<Uint8Array> {
  if (text.length > 0) yield typeof text === 'string' ? encoder.encode(text) : text;
}

export const answer = (
  status: number,
  body: string | Uint8Array = '',
  type = 'text/plain; charset=utf-8',
): FakeResponse => ({ status, headers: { 'content-type': type }, body: once(body) });

export const answerJson = (status: number, value: unknown): FakeResponse =>
  answer(status, JSON.stringify(value), 'application/json; charset=utf-8');

/** One JSON object a line, as Ollama streams. */
export function answerLines(events: AsyncIterable<object>): FakeResponse {
  async function* lines(): AsyncGenerator<Uint8Array> {
    for await (const event of events) yield encoder.encode(`${JSON.stringify(event)}\n`);
  }
  return { status: 200, headers: { 'content-type': 'application/x-ndjson' }, body: lines() };
}

export async function readBody(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
