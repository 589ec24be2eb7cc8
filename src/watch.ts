// The loop that keeps running: it makes this machine hold what is declared, and keeps it so. Whatever
// wakes it (watch/trigger.ts) only says "look again"; what is due, and when, is the queue's to say
// (watch/queue.ts); each engine is a piece of work of its own, so that one that is slow or down never
// keeps another waiting. While nothing differs it takes no lock, writes nothing and says nothing.
import { createFollower } from './watch/follower.ts';
import { nextDueAt } from './watch/queue.ts';
import type { WatchContext, Watched, WatchRequest } from './watch/request.ts';
import { createMailbox, type Trigger } from './watch/trigger.ts';

export type { WatchContext, Watched, WatchRequest } from './watch/request.ts';

/** What cannot be left halfway is waited for so long, once it is to end. */
const endsWithinMs = 8_000;

/** Goes on until the signal ends it. Rejects only for bugs. */
export async function watch(request: WatchRequest, context: WatchContext): Promise<Watched> {
  const { io, signal } = context;
  const mailbox = createMailbox(io.clock.sleep);
  const follower = await createFollower(request, context, mailbox.tell);
  const over = new AbortController();
  const untilOver = AbortSignal.any([signal, over.signal]);
  const sources = [...follower.sources, ...(context.sourcesOfTriggers ?? [])].map((source) =>
    source(mailbox.tell, untilOver).catch((error: unknown) =>
      mailbox.tell({ kind: 'thrown', error }),
    ),
  );
  try {
    await follower.begin();
    while (!signal.aborted) {
      follower.startDue();
      const dueAt = nextDueAt(follower.queue());
      const timeoutMs = dueAt === null ? null : Math.max(0, dueAt - io.clock.elapsed());
      for (const trigger of await mailbox.take(timeoutMs, signal)) await follow(trigger);
    }
    return { isClean: await ended() };
  } finally {
    over.abort();
    await Promise.all(sources);
    await follower.close();
  }

  async function follow(trigger: Trigger): Promise<void> {
    if (trigger.kind === 'thrown') throw trigger.error;
    await follower.follow(trigger);
  }

  /** Whether everything that ran came to its own end in time. */
  async function ended(): Promise<boolean> {
    const deadline = io.clock.elapsed() + endsWithinMs;
    const never = new AbortController();
    while (follower.isBusy()) {
      const leftMs = deadline - io.clock.elapsed();
      if (leftMs <= 0) return false;
      for (const trigger of await mailbox.take(leftMs, never.signal)) {
        if (trigger.kind === 'thrown') throw trigger.error;
        if (trigger.kind === 'ended') await follower.follow(trigger);
      }
    }
    return true;
  }
}
