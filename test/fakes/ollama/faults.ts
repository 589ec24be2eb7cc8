// What can be made to go wrong in a fake, endpoint by endpoint: each rule waits for its request,
// strikes so many times and is used up.
import { answer, Disconnected, type FakeRequest, type FakeResponse } from './message.ts';

export type Fault =
  /** No connection at all. */
  | { readonly kind: 'refuse' }
  /** Accepts and never answers. */
  | { readonly kind: 'hang' }
  /** Answers late. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Answers this instead of doing anything; JSON, HTML or nonsense. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly type?: string;
    }
  /** Does the work, and changes the text of the answer on its way out. */
  | { readonly kind: 'alter'; readonly change: (body: string) => string }
  /** Does the work, and the client hears nothing of it. */
  | { readonly kind: 'mute' }
  /** Ends a stream after so many lines: by cutting, by silence, or by an error line. */
  | { readonly kind: 'cut'; readonly afterLines: number }
  | { readonly kind: 'stall'; readonly afterLines: number }
  | { readonly kind: 'error-line'; readonly afterLines: number; readonly text: string }
  /** Leaves lines out that hold this text, as `success`. */
  | { readonly kind: 'omit'; readonly text: string }
  /** Answers 200 and does nothing. */
  | { readonly kind: 'ignore' }
  /** Somebody else does something just before, or just after, the request is worked on. */
  | { readonly kind: 'before'; readonly act: () => void | Promise<void> }
  | { readonly kind: 'after'; readonly act: () => void | Promise<void> };

export interface FaultRule {
  /** As in `POST /api/pull`, or a pattern of that; blobs are `/api/blobs/sha256:…`. */
  readonly on: string | RegExp;
  readonly fault: Fault;
  /** Default 1; Infinity for always. */
  readonly times?: number;
  /** Lets so many requests through first. */
  readonly skip?: number;
}

export interface Faults {
  readonly add: (rule: FaultRule) => void;
  readonly clear: () => void;
  readonly wrap: (
    request: FakeRequest,
    work: () => Promise<FakeResponse>,
    sleep: (ms: number, signal?: AbortSignal) => Promise<void>,
  ) => Promise<FakeResponse>;
}

export function createFaults(): Faults {
  let rules: (FaultRule & { left: number; toSkip: number })[] = [];
  const take = (label: string): Fault | null => {
    for (const rule of rules) {
      if (rule.left <= 0) continue;
      if (typeof rule.on === 'string' ? rule.on !== label : !rule.on.test(label)) continue;
      if (rule.toSkip > 0) {
        rule.toSkip -= 1;
        continue;
      }
      rule.left -= 1;
      return rule.fault;
    }
    return null;
  };
  return {
    add: (rule) => rules.push({ ...rule, left: rule.times ?? 1, toSkip: rule.skip ?? 0 }),
    clear: () => {
      rules = [];
    },
    wrap: async (request, work, sleep) => {
      const [path = ''] = request.path.split('?');
      const fault = take(`${request.method} ${path}`);
      if (fault === null) return work();
      return strike(fault, request, work, sleep);
    },
  };
}

async function strike(
  fault: Fault,
  request: FakeRequest,
  work: () => Promise<FakeResponse>,
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>,
): Promise<FakeResponse> {
  switch (fault.kind) {
    case 'refuse':
      throw new Disconnected('refused');
    case 'hang':
      return untilGone(request.signal);
    case 'delay':
      await sleep(fault.ms, request.signal);
      return work();
    case 'answer':
      return answer(fault.status, fault.body, fault.type ?? 'application/json; charset=utf-8');
    case 'alter':
      return altered(await work(), fault.change);
    case 'mute': {
      const response = await work();
      for await (const _ of response.body);
      throw new Disconnected('cut');
    }
    case 'ignore':
      return answer(200);
    case 'before':
      await fault.act();
      return work();
    case 'after': {
      const response = await work();
      return { ...response, body: thenAct(response.body, fault.act) };
    }
    default: {
      const response = await work();
      return { ...response, body: lineFault(fault, response.body, request.signal) };
    }
  }
}

const untilGone = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const gone = (): void => reject(new Disconnected('cut'));
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone, { once: true });
  });

async function altered(
  response: FakeResponse,
  change: (body: string) => string,
): Promise<FakeResponse> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  const { 'content-type': type } = response.headers;
  return answer(response.status, change(Buffer.concat(chunks).toString()), type);
}

async function* thenAct(
  body: AsyncIterable<Uint8Array>,
  act: () => void | Promise<void>,
): AsyncGenerator<Uint8Array> {
  yield* body;
  await act();
}

type LineFault = Extract<Fault, { kind: 'cut' | 'stall' | 'error-line' | 'omit' }>;

/** Streams are written a line a chunk. */
async function* lineFault(
  fault: LineFault,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let lines = 0;
  for await (const chunk of body) {
    if (fault.kind === 'omit') {
      if (!Buffer.from(chunk).toString().includes(fault.text)) yield chunk;
      continue;
    }
    if (lines === fault.afterLines) {
      if (fault.kind === 'cut') throw new Disconnected('cut');
      if (fault.kind === 'stall') await untilGone(signal);
      if (fault.kind === 'error-line') {
        yield new TextEncoder().encode(`${JSON.stringify({ error: fault.text })}\n`);
      }
      return;
    }
    lines += 1;
    yield chunk;
  }
  if (fault.kind === 'cut') throw new Disconnected('cut');
}
