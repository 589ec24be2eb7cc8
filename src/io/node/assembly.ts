// Files that are written in parts and hashed, by a thread of its own (assembly-desk.ts): one for all
// files of the process, started with the first one. Each part copies its bytes into memory that both
// threads share, so nothing piles up however fast they come.
import { dirname } from 'node:path';
import { slotBytes } from '../assembly-protocol.ts';
import type { Assembly, AssemblyPart, Files } from '../io.ts';
import { type Desk, startDesk } from './assembly-desk.ts';
import { AssemblyFile, type Listeners, type Opening } from './assembly-file.ts';
import { makeFolder } from './durable.ts';

export interface Assembler extends Pick<Files, 'assemble' | 'digest'> {
  /** Starts the thread, which takes as long as the first answer of a server. */
  readonly prepare: () => void;
}

export function createAssembler(): Assembler {
  let desk: Desk | null = null;
  const startedDesk = (): Desk => {
    if (desk === null || desk.isLost()) desk = startDesk();
    return desk;
  };
  const open = (options: Opening, listeners: Listeners): Promise<AssemblyFile> =>
    AssemblyFile.open(startedDesk(), options, listeners);
  return {
    prepare: startedDesk,
    assemble: async (path, { present, bytes, chunkBytes, onWritten }) => {
      await makeFolder(dirname(path));
      const request = { path, mode: 'write', bytes, chunkBytes, present } as const;
      return assemblyOf(await open(request, { onWritten, onHashed: () => undefined }));
    },
    digest: async (path, { bytes, chunkBytes, onHashed = () => undefined, signal }) => {
      signal?.throwIfAborted();
      const request = { path, mode: 'read', bytes, chunkBytes, present: whole(bytes) } as const;
      const file = await open(request, { onWritten: () => undefined, onHashed });
      const onAbort = (): void => file.fail(reasonOf(signal));
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        return await file.finish();
      } finally {
        signal?.removeEventListener('abort', onAbort);
        await file.close();
      }
    },
  };
}

const whole = (bytes: number) => (bytes === 0 ? [] : ([[0, bytes]] as const));

const reasonOf = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new Error('aborted');

const assemblyOf = (file: AssemblyFile): Assembly => ({
  part: (start) => partOf(file, start),
  sync: () => file.sync(),
  finish: () => file.finish(),
  close: () => file.close(),
});

/** On a slow connection what is in a slot would else be long in coming, and lost with the process. */
const slotAgeMsMax = 200;

const asBuffer = ({ buffer, byteOffset, length }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, length);

/** Fills one slot after the other. */
function partOf(file: AssemblyFile, from: number): AssemblyPart {
  const { desk } = file;
  let start = from;
  let slot: number | null = null;
  let filled = 0;
  let begunAt = 0;
  const send = (): void => {
    if (slot === null) return;
    file.send({ slot, start, length: filled });
    start += filled;
    slot = null;
    filled = 0;
  };
  /** What does not fit. */
  const copy = (bytes: Uint8Array, into: number): Uint8Array => {
    if (filled === 0) begunAt = performance.now();
    const taken = bytes.subarray(0, slotBytes - filled);
    // Not `set`, which copies into shared memory byte by byte.
    asBuffer(taken).copy(desk.memory, into * slotBytes + filled);
    filled += taken.length;
    if (filled === slotBytes || performance.now() - begunAt > slotAgeMsMax) send();
    return bytes.subarray(taken.length);
  };
  const copyRest = async (bytes: Uint8Array): Promise<void> => {
    for (let left = bytes; left.length > 0; left = copy(left, slot)) {
      slot ??= await desk.slot();
      file.throwIfFailed();
    }
  };
  return {
    write: (bytes) => {
      file.throwIfFailed();
      for (let left = bytes; left.length > 0; left = copy(left, slot)) {
        slot ??= desk.slotNow();
        if (slot === null) return copyRest(left);
      }
      return undefined;
    },
    end: async () => {
      send();
      await file.settled();
    },
  };
}
