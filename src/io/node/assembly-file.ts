// One file in the hands of the thread that writes and hashes: what was asked about it, and what is
// still to be answered. After a failure everything that waits, and everything asked later, rejects
// with that first failure.
import type { Digest } from '../../core/digest.ts';
import type { AssemblyReply, AssemblyRequest } from '../assembly-protocol.ts';
import type { AssemblyOptions, Digested, DigestOptions } from '../io.ts';
import type { Desk } from './assembly-desk.ts';

export type Opening = Omit<Extract<AssemblyRequest, { kind: 'open' }>, 'kind' | 'id'>;
export type Listeners = Pick<AssemblyOptions, 'onWritten'> &
  Required<Pick<DigestOptions, 'onHashed'>>;

interface Wait {
  readonly kind: 'opened' | 'synced' | 'finished' | 'closed' | 'settled';
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: Error) => void;
}

export class AssemblyFile {
  readonly desk: Desk;
  readonly #id: number;
  readonly #path: string;
  readonly #listeners: Listeners;
  readonly #waits = new Set<Wait>();
  #failure: Error | null = null;
  #sent = 0;
  #answered = 0;

  private constructor(desk: Desk, path: string, listeners: Listeners) {
    this.desk = desk;
    this.#path = path;
    this.#listeners = listeners;
    this.#id = desk.register((reply) => this.#hear(reply));
  }

  static async open(desk: Desk, options: Opening, listeners: Listeners): Promise<AssemblyFile> {
    const file = new AssemblyFile(desk, options.path, listeners);
    const opened = file.#wait('opened');
    desk.post({ kind: 'open', id: file.#id, ...options });
    try {
      await opened;
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  fail(reason: Error): void {
    this.#failure ??= reason;
    for (const wait of this.#waits) if (wait.kind !== 'closed') wait.reject(this.#failure);
  }

  send(piece: { readonly slot: number; readonly start: number; readonly length: number }): void {
    this.#sent += 1;
    this.desk.post({ kind: 'piece', id: this.#id, ...piece });
  }

  /** Resolves when everything that was sent is written. */
  async settled(): Promise<void> {
    this.throwIfFailed();
    if (this.#sent !== this.#answered) await this.#wait('settled');
  }

  async sync(): Promise<void> {
    const synced = this.#wait('synced');
    this.desk.post({ kind: 'sync', id: this.#id });
    await synced;
  }

  async finish(): Promise<Digested> {
    const finished = this.#wait('finished');
    this.desk.post({ kind: 'finish', id: this.#id });
    return (await finished) as Digested;
  }

  async close(): Promise<void> {
    if (!this.desk.isLost()) {
      const closed = this.#wait('closed');
      this.desk.post({ kind: 'close', id: this.#id });
      await closed;
    }
    this.desk.release(this.#id);
  }

  #wait(kind: Wait['kind']): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#failure !== null && kind !== 'closed') reject(this.#failure);
    else {
      const wait = { kind, resolve, reject };
      this.#waits.add(wait);
    }
    return promise;
  }

  #resolve(kind: Wait['kind'], value?: Digested): void {
    for (const wait of this.#waits) {
      if (wait.kind !== kind) continue;
      this.#waits.delete(wait);
      wait.resolve(value);
      // Answers come in the order of the questions; only this one is for all who wait.
      if (kind !== 'settled') return;
    }
  }

  #hear(reply: AssemblyReply): void {
    switch (reply.kind) {
      case 'opened':
      case 'synced':
      case 'closed':
        return this.#resolve(reply.kind);
      case 'hashed':
        return this.#listeners.onHashed(reply.bytes);
      case 'finished': {
        const digest: Digest = `sha256:${reply.hex}`;
        return this.#resolve('finished', { digest, chunks: reply.chunks });
      }
      case 'failed': {
        const { message, code } = reply.error;
        this.fail(Object.assign(new Error(message), { code, path: this.#path }));
        if (this.desk.isLost()) this.#resolve('closed');
        return;
      }
      case 'written':
        this.#listeners.onWritten([reply.start, reply.start + reply.length]);
        this.#count();
        return;
      case 'dropped':
        this.#count();
    }
  }

  #count(): void {
    this.#answered += 1;
    if (this.#sent === this.#answered) this.#resolve('settled');
  }
}
