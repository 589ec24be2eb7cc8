// The thread that writes and hashes files. Whatever is written next to what is hashed already is
// hashed from memory; what arrived early is read back when its turn comes, in small steps between
// the messages, so that writing never waits long. Runs at a lower priority than the rest of the
// machine's work: the I/O priority follows that of the CPU on Linux.
import { setPriority } from 'node:os';
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import type { AssemblyMemory, AssemblyReply, AssemblyRequest } from './assembly-protocol.ts';
import { slotBytes } from './assembly-protocol.ts';
import { HashedFile } from './hashed-file.ts';

const port = parentPort;
if (port === null) throw new Error('this is a thread of modelctl, not a program');

const niceness = 10;
// Elsewhere the call would slow down the whole process.
if (process.platform === 'linux') setPriority(niceness);

const { slots } = workerData as AssemblyMemory;
const files = new Map<number, HashedFile>();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const reply = (message: AssemblyReply): void => port.postMessage(message);

port.on('message', (request: AssemblyRequest) => {
  try {
    handle(request);
  } catch (error) {
    fail(request.id, error);
  }
});

function handle(request: AssemblyRequest): void {
  const { id } = request;
  if (request.kind === 'open') {
    const file = new HashedFile(request, {
      onHashed: (bytes) => reply({ kind: 'hashed', id, bytes }),
      onFailure: (error) => fail(id, error),
    });
    files.set(id, file);
    reply({ kind: 'opened', id });
    return;
  }
  const file = files.get(id);
  switch (request.kind) {
    case 'piece': {
      const { slot, start, length } = request;
      if (file === undefined) {
        reply({ kind: 'dropped', id, slot });
        return;
      }
      try {
        file.write(start, new Uint8Array(slots, slot * slotBytes, length));
      } catch (error) {
        reply({ kind: 'dropped', id, slot });
        throw error;
      }
      reply({ kind: 'written', id, slot, start, length });
      return;
    }
    case 'sync':
      file?.sync(() => reply({ kind: 'synced', id }));
      return;
    case 'finish':
      file?.finish(({ hex, chunks }) => reply({ kind: 'finished', id, hex, chunks }));
      return;
    case 'close':
      files.delete(id);
      file?.close();
      reply({ kind: 'closed', id });
  }
}

function fail(id: number, error: unknown): void {
  const file = files.get(id);
  files.delete(id);
  file?.close();
  const { message, code } = error as NodeJS.ErrnoException;
  reply({ kind: 'failed', id, error: { message, code: code ?? 'UNKNOWN' } });
}
