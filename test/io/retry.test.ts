import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorProblem, type Problem, ProblemError } from '../../src/core/problem.ts';
import { backoffMs, type RetryBounds, type RetryOptions, retry } from '../../src/io/retry.ts';
import { createFakeIo, fakeStart } from '../fakes/io.ts';
import { createFakeRandom } from '../fakes/random.ts';

const problem = (when: Problem['retry']): Problem =>
  errorProblem({ code: 'test/down', summary: 'Down', detail: 'It is down.', retry: when });

const bounds: RetryBounds = { attemptsMax: 4, delayMsFirst: 100, delayMsMax: 250 };

const optionsFor = <T>(extra: Partial<RetryOptions<T>> = {}): RetryOptions<T> => {
  const { clock, random } = createFakeIo();
  return { clock, random, signal: new AbortController().signal, bounds, ...extra };
};

/** Fails so many times, then succeeds with the number of the attempt. */
const failing =
  (times: number, when: Problem['retry'] = 'later') =>
  async (attempt: number): Promise<number> => {
    if (attempt <= times) throw new ProblemError(problem(when));
    return attempt;
  };

describe('retry', () => {
  it('returns the first success without waiting', async () => {
    const { clock, random } = createFakeIo({ time: 'manual' });
    expect(await retry(failing(0), optionsFor({ clock, random }))).toBe(1);
    expect(clock.now()).toBe(fakeStart);
  });

  it('tries again what may succeed later', async () => {
    expect(await retry(failing(3), optionsFor())).toBe(4);
  });

  it('gives up after the last attempt with the last problem', async () => {
    let attempts = 0;
    const step = async (attempt: number): Promise<never> => {
      attempts = attempt;
      throw new ProblemError(problem('later'));
    };
    await expect(retry(step, optionsFor())).rejects.toThrow(ProblemError);
    expect(attempts).toBe(4);
  });

  it('does not try again what cannot succeed', async () => {
    await expect(retry(failing(1, 'never'), optionsFor())).rejects.toThrow(ProblemError);
  });

  it.each([
    [250, 4],
    [251, 1],
  ])(
    'leaves whoever asks for %i ms of peace alone after %i attempts',
    async (retryAfterMs, asked) => {
      let attempts = 0;
      const step = async (): Promise<never> => {
        attempts += 1;
        throw new ProblemError({ ...problem('later'), retryAfterMs });
      };
      await expect(retry(step, optionsFor())).rejects.toThrow(ProblemError);
      expect(attempts).toBe(asked);
    },
  );

  it('does not catch a bug', async () => {
    let attempts = 0;
    const step = async (): Promise<never> => {
      attempts += 1;
      throw new TypeError('a bug');
    };
    await expect(retry(step, optionsFor())).rejects.toThrow(TypeError);
    expect(attempts).toBe(1);
  });

  it('looks into results that carry their problem', async () => {
    const step = async (attempt: number) => (attempt < 3 ? { problem: problem('later') } : {});
    const problemOf = (result: { problem?: Problem }) => result.problem;
    expect(await retry(step, optionsFor({ problemOf }))).toEqual({});
    const hopeless = async () => ({ problem: problem('later') });
    expect(await retry(hopeless, optionsFor({ problemOf }))).toEqual({ problem: problem('later') });
  });

  it('tells of each wait before it', async () => {
    const delays: number[] = [];
    const onRetry = (_: Problem, delayMs: number): number => delays.push(delayMs);
    const { clock, random } = createFakeIo();
    await retry(failing(3), optionsFor({ clock, random, onRetry }));
    expect(delays).toHaveLength(3);
    expect(clock.now() - fakeStart).toBe(delays.reduce((sum, delay) => sum + delay, 0));
  });

  it('ends a wait when aborted, with the last outcome', async () => {
    const controller = new AbortController();
    const { clock, random } = createFakeIo({ time: 'manual' });
    const { signal } = controller;
    const onRetry = (): void => queueMicrotask(() => controller.abort(new Error('enough')));
    const options = optionsFor({ clock, random, signal, onRetry });
    await expect(retry(failing(9), options)).rejects.toThrow(ProblemError);
    expect(clock.sleepers()).toBe(0);
  });

  it('does not begin when aborted already', async () => {
    const step = (): Promise<never> => Promise.reject(new Error('it began'));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(retry(step, optionsFor({ signal }))).rejects.toThrow('enough');
  });
});

describe('backoff', () => {
  it('never exceeds a ceiling that doubles up to its limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer(), (attempt, seed) => {
        const delayMs = backoffMs(attempt, createFakeRandom(seed), bounds);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThan(Math.min(250, 100 * 2 ** Math.min(attempt - 1, 30)));
      }),
    );
  });

  it('spreads over the whole ceiling', () => {
    const random = createFakeRandom(7);
    const delays = Array.from({ length: 1000 }, () => backoffMs(1, random, bounds));
    expect(Math.min(...delays)).toBeLessThan(5);
    expect(Math.max(...delays)).toBeGreaterThan(94);
  });
});
