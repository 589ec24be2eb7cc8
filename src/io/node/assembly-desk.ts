// The main thread's side of the thread that writes and hashes: its memory, cut into slots, and who
// is told of which answer. The thread is no reason for the process to stay once no file is open;
// when it ends by itself, every file that it had fails.
import { Worker } from 'node:worker_threads';
import {
  type AssemblyMemory,
  type AssemblyReply,
  type AssemblyRequest,
  slotBytes,
  slotsMax,
} from '../assembly-protocol.ts';
import { programPath } from '../program-path.ts';

export interface Desk {
  readonly memory: Uint8Array;
  /** The thread has ended: another desk is needed. */
  readonly isLost: () => boolean;
  readonly slotNow: () => number | null;
  readonly slot: () => Promise<number>;
  /** A number for a file, and who hears of it. */
  readonly register: (handler: (reply: AssemblyReply) => void) => number;
  readonly release: (id: number) => void;
  readonly post: (request: AssemblyRequest) => void;
}

/** Of the thread's own heap, which has next to nothing in it. */
const heap = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 };

export function startDesk(): Desk {
  const slots = new SharedArrayBuffer(slotsMax * slotBytes);
  const workerData: AssemblyMemory = { slots };
  const program = programPath(import.meta.url, 'io/assembly-main');
  const thread = new Worker(program, { workerData, resourceLimits: heap });
  const free = Array.from({ length: slotsMax }, (_, slot) => slot);
  const waiting: ((slot: number) => void)[] = [];
  const handlers = new Map<number, (reply: AssemblyReply) => void>();
  let isLost = false;
  let ids = 0;
  const lose = (): void => {
    isLost = true;
    const error = { message: 'the thread that writes files has ended', code: 'EIO' };
    for (const [id, handler] of handlers) handler({ kind: 'failed', id, error });
  };
  thread.on('error', lose);
  thread.on('exit', lose);
  thread.on('message', (reply: AssemblyReply) => {
    if (reply.kind === 'written' || reply.kind === 'dropped') {
      const next = waiting.shift();
      if (next === undefined) free.push(reply.slot);
      else next(reply.slot);
    }
    handlers.get(reply.id)?.(reply);
  });
  thread.unref();
  return {
    memory: new Uint8Array(slots),
    isLost: () => isLost,
    slotNow: () => free.pop() ?? null,
    slot: () => new Promise((resolve) => waiting.push(resolve)),
    register: (handler) => {
      thread.ref();
      ids += 1;
      handlers.set(ids, handler);
      return ids;
    },
    release: (id) => {
      handlers.delete(id);
      if (handlers.size === 0) thread.unref();
    },
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    post: (request) => thread.postMessage(request),
  };
}
