import { describe, expect, it } from 'vitest';
import { actionProgress } from '../src/action-progress.ts';
import type { ProgressEvent, Wait } from '../src/core/progress.ts';

const file = (path: string) => ({ path, bytes: 100, digest: `sha256:${'0'.repeat(64)}` as const });

function setUp() {
  const events: ProgressEvent[] = [];
  const clock = { time: 0, now: () => clock.time };
  const report = (event: ProgressEvent): void => void events.push(event);
  return { events, clock, progress: actionProgress({ id: 'pull x' }, { report, clock }) };
}

describe('the progress of an action', () => {
  it('is one number that never falls, with the file that is on its way', async () => {
    const { events, progress } = setUp();
    for (const [before, path] of [
      [0, 'a'],
      [100, 'b'],
    ] as const) {
      const tellAll = (bytes: number) => progress.onBytes(before + bytes, 200);
      await progress.ofFile(file(path), tellAll, async ({ onBytes }) => {
        for (const bytes of [50, 20, 100]) onBytes(bytes, 100);
      });
    }
    progress.onBytes(200, 200);
    expect(
      events.map((event) =>
        event.kind === 'bytes'
          ? [event.completedBytes, event.file?.path, event.file?.completedBytes]
          : [],
      ),
    ).toEqual([
      [50, 'a', 50],
      [50, 'a', 20],
      [100, 'a', 100],
      [150, 'b', 50],
      [150, 'b', 20],
      [200, 'b', 100],
      [200, undefined, undefined],
    ]);
  });

  it('tells a wait once, however many connections wait, and the next one again', async () => {
    const { events, clock, progress } = setUp();
    const wait = (until: number | null, because: Wait['because'] = 'asked'): Wait => ({
      because,
      until,
      detail: 'a.example.com',
    });
    await progress.ofFile(
      file('a'),
      () => undefined,
      async ({ onWait }) => {
        for (const until of [10_000, 10_500, 9_000]) onWait(wait(until));
        onWait(wait(null, 'paused'));
        onWait(wait(null, 'paused'));
        onWait(wait(10_000));
        clock.time = 10_001;
        onWait(wait(12_000));
      },
    );
    expect(events.flatMap((one) => (one.kind === 'waiting' ? [one.wait.until] : []))).toEqual([
      10_000,
      null,
      10_000,
      12_000,
    ]);
  });
});
