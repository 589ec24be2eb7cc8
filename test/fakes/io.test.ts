// The fakes are what most tests stand on: that they pass time, count effects and fail on demand.
import { describe, expect, it } from 'vitest';
import { createFakeIo, fakeStart } from './io.ts';

describe('the clock', () => {
  it('stands still until it is advanced, then wakes sleepers at their own time', async () => {
    const { clock } = createFakeIo({ time: 'manual' });
    const woken: [string, number][] = [];
    const sleep = async (name: string, ...durationsMs: readonly number[]): Promise<void> => {
      for (const durationMs of durationsMs) {
        await clock.sleep(durationMs);
        woken.push([name, clock.now() - fakeStart]);
      }
    };
    void sleep('late', 300);
    void sleep('early', 100, 100);
    await clock.advance(99);
    expect(woken).toEqual([]);
    await clock.advance(201);
    expect(woken).toEqual([
      ['early', 100],
      ['early', 200],
      ['late', 300],
    ]);
    await clock.advance(50);
    expect(clock.now()).toBe(fakeStart + 350);
  });

  it('passes by itself once everybody waits', async () => {
    const { clock } = createFakeIo();
    const order: number[] = [];
    const sleep = (durationMs: number) =>
      clock.sleep(durationMs).then(() => order.push(durationMs));
    await Promise.all([sleep(3_600_000), sleep(20), sleep(500)]);
    expect(order).toEqual([20, 500, 3_600_000]);
    expect(clock.now()).toBe(fakeStart + 3_600_000);
  });

  it('lets go of a sleeper that is aborted', async () => {
    const { clock } = createFakeIo({ time: 'manual' });
    const controller = new AbortController();
    const sleeping = clock.sleep(1000, controller.signal);
    controller.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    expect(clock.sleepers()).toBe(0);
  });
});

describe('effects', () => {
  it('are counted in the order in which they happen', async () => {
    const { files, processes, effects } = createFakeIo();
    await files.writeAtomic('/a/b', 'text');
    await files.rename('/a/b', '/a/c');
    await files.remove('/a/none');
    const options = { program: '/p.js', arguments: [], environment: {}, logFile: '/log' };
    processes.signal(await processes.spawnDetached(options), 'SIGKILL');
    expect(effects.done).toEqual([
      { kind: 'write', subject: '/a/b' },
      { kind: 'rename', subject: '/a/c' },
      { kind: 'spawn', subject: '/p.js' },
      { kind: 'signal', subject: 'SIGKILL 1001' },
    ]);
    expect(processes.isAlive(1001)).toBe(false);
  });

  it('fail where they are told to, and change nothing there', async () => {
    const { files, effects } = createFakeIo();
    effects.failAfter(2, 'ENOSPC');
    await files.writeAtomic('/a', 'first');
    await expect(files.writeAtomic('/a', 'second')).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(files.text('/a')).toBe('first');
    await files.writeAtomic('/a', 'third');
    expect(files.text('/a')).toBe('third');
  });

  it('can end a run right after any of them', async () => {
    const { files, effects } = createFakeIo();
    effects.watch(() => {
      throw new Error('crash');
    });
    await expect(files.writeAtomic('/a', 'text')).rejects.toThrow('crash');
    expect(files.text('/a')).toBe('text');
  });
});

describe('randomness', () => {
  it('is repeated by its seed', () => {
    const draw = (seed: number): string => createFakeIo({ seed }).random.hex(8);
    expect(draw(1)).toBe(draw(1));
    expect(draw(1)).not.toBe(draw(2));
    expect(draw(1)).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('what a world leaves out', () => {
  it('fails a test that asks for it', async () => {
    const { http } = createFakeIo();
    const asked = http.request({ method: 'GET', url: 'http://x/', timeoutMs: 1 });
    await expect(asked).rejects.toThrow('no network');
  });
});
