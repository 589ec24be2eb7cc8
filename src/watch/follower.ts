// What a loop does about each trigger, and how it starts what is due. Nothing here waits for an
// engine: work that was started tells by a trigger that it has ended.
import type { RunningWatch } from '../core/wish.ts';
import type { Io } from '../io/io.ts';
import { answerOf, enginesOf, setWork, unknownAnswer, unusableAnswer } from './asks.ts';
import { createFileTrigger, type FileTrigger } from './files.ts';
import { followBackend } from './follow-backend.ts';
import { followSet } from './follow-set.ts';
import { createLedgerTrigger, type LedgerTrigger } from './ledger-trigger.ts';
import { createLoop, type Loop } from './loop.ts';
import { ask, type Ending, end, type Queue, start } from './queue.ts';
import type { WatchContext, WatchRequest } from './request.ts';
import type { Tell, Trigger, TriggerSource } from './trigger.ts';

export interface Follower {
  readonly sources: readonly TriggerSource[];
  readonly begin: () => Promise<void>;
  readonly queue: () => Queue;
  readonly isBusy: () => boolean;
  readonly startDue: () => void;
  readonly follow: (trigger: Exclude<Trigger, { kind: 'thrown' }>) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Parts {
  readonly loop: Loop;
  readonly ledger: LedgerTrigger;
  readonly files: FileTrigger | null;
  readonly tell: Tell;
}

export async function createFollower(
  request: WatchRequest,
  context: WatchContext,
  tell: Tell,
): Promise<Follower> {
  const { io, watchFiles, signal } = context;
  const loop = createLoop(request, context);
  const ledger = createLedgerTrigger(await identity(request.inputs, io), loop.reader, io);
  const files =
    watchFiles === undefined
      ? null
      : createFileTrigger(request.inputs, { io, watchFiles, tell, signal });
  const parts = { loop, ledger, files, tell };
  return {
    sources: [ledger.poll],
    begin: async () => {
      await files?.update([]);
      loop.queue = ask(loop.queue, setWork, io.clock.elapsed());
    },
    queue: () => loop.queue,
    isBusy: () => loop.running.size > 0,
    startDue: () => startDue(parts),
    follow: (trigger) => follow(trigger, parts),
    close: async () => {
      await files?.close();
      await ledger.leave();
      loop.reader.close();
    },
  };
}

async function identity(inputs: readonly string[], io: Io): Promise<RunningWatch> {
  const { pid } = io.processes;
  const process = { pid, start: await io.processes.startOf(pid) };
  return { id: io.random.hex(8), process, inputs, startedAt: io.clock.now() };
}

function startDue(parts: Parts): void {
  const { loop, tell } = parts;
  const { queue, started } = start(loop.queue, loop.context.io.clock.elapsed());
  loop.queue = queue;
  for (const key of started) {
    const controller = new AbortController();
    loop.running.set(key, controller);
    loop.asks.started(key);
    work(key, controller.signal, parts).then(
      (ending) => tell({ kind: 'ended', key, ending }),
      (error: unknown) => {
        loop.running.delete(key);
        tell({ kind: 'thrown', error });
      },
    );
  }
}

async function work(key: string, preempted: AbortSignal, parts: Parts): Promise<Ending> {
  const { loop } = parts;
  const signal = AbortSignal.any([loop.context.signal, preempted]);
  if (key !== setWork) {
    const { ending, isThrough } = await followBackend(loop, key, signal);
    if (isThrough) await settleAsks(key, parts);
    await parts.ledger.look(parts.tell);
    return ending;
  }
  try {
    const ending = await followSet(loop, signal);
    const lock = loop.declaration?.setState.lockPath;
    await parts.files?.update(lock === undefined ? [] : [lock]);
    if (ending.kind !== 'soon') await settleAsks(key, parts);
    return ending;
  } catch (error) {
    if (!signal.aborted) throw error;
    return { kind: 'soon', delayMs: 0 };
  }
}

/** People who asked are answered when all that they wait for has been looked at. */
async function settleAsks(key: string, { loop, ledger }: Parts): Promise<void> {
  for (const pending of loop.asks.ended(key)) {
    const { id, name } = pending.ask;
    const engines = loop.declaration === null ? null : enginesOf(name, loop.declaration);
    if (pending.isAtSet && loop.isUsable && engines !== null && engines.length > 0) {
      loop.asks.goOn(pending, engines);
      const now = loop.context.io.clock.elapsed();
      for (const one of engines) loop.queue = ask(loop.queue, one, now);
      continue;
    }
    loop.asks.drop(pending);
    const looks = (engines ?? []).flatMap((one) => loop.looks.get(one) ?? []);
    const answer = !loop.isUsable
      ? unusableAnswer(loop.news.told(setWork))
      : engines === null
        ? unknownAnswer
        : answerOf(name, looks);
    await ledger.answer(id, answer);
  }
}

async function follow(
  trigger: Exclude<Trigger, { kind: 'thrown' }>,
  { loop }: Parts,
): Promise<void> {
  const { clock, random } = loop.context.io;
  const now = clock.elapsed();
  switch (trigger.kind) {
    case 'files':
      for (const path of trigger.paths) loop.changedFiles.add(path);
      loop.queue = ask(loop.queue, setWork, now);
      return;
    case 'asked':
      loop.asks.add(trigger.ask);
      loop.queue = ask(loop.queue, setWork, now);
      return;
    case 'wishes':
      for (const key of loop.queue.keys()) loop.queue = ask(loop.queue, key, now);
      return;
    case 'ended': {
      const { key, ending } = trigger;
      loop.running.delete(key);
      const at = { now, fraction: random.fraction(), times: loop.times };
      loop.queue = end(loop.queue, key, ending, at);
      return;
    }
  }
}
