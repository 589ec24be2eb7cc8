// What holds a request back on purpose tells so, and until when.
import { describe, expect, it } from 'vitest';
import { scheduleOf } from '../../../src/artifacts/registries/bandwidth.ts';
import { createPace } from '../../../src/artifacts/registries/pace.ts';
import { politeHttp } from '../../../src/artifacts/registries/polite-http.ts';
import type { Wait } from '../../../src/core/progress.ts';
import type { HttpResponse } from '../../../src/io/io.ts';
import { createFakeClock } from '../../fakes/clock.ts';

const start = Date.UTC(2030, 0, 1, 4, 30, 20);

describe('a wait is told', () => {
  it('when a server asks for it', async () => {
    const clock = createFakeClock(start, 'auto');
    const waits: Wait[] = [];
    const body = (async function* () {})();
    const answers: HttpResponse[] = [
      { status: 429, headers: { 'retry-after': '38' }, body },
      { status: 200, headers: {}, body },
    ];
    const http = politeHttp({ request: async () => answers.shift()! }, clock);
    const { status } = await http.request({
      method: 'GET',
      url: 'https://models.example.com/x.gguf',
      timeoutMs: 1000,
      onWait: (wait) => waits.push(wait),
    });
    expect([status, waits]).toEqual([
      200,
      [{ because: 'asked', until: start + 38_000, detail: 'models.example.com' }],
    ]);
  });

  it('when a window lets nothing pass, with its end, and never for small things', async () => {
    const clock = createFakeClock(start, 'auto');
    const waits: Wait[] = [];
    const schedule = scheduleOf({ windows: [{ from: '22:00', to: '06:00', limit: 'paused' }] });
    const pace = createPace(schedule ?? (() => Infinity), clock);
    const tell = (wait: Wait) => waits.push(wait);
    await pace.take(1000, 'small', undefined, tell);
    await pace.take(1000, 'bulk', undefined, tell);
    expect(waits).toEqual([
      { because: 'paused', until: Date.UTC(2030, 0, 1, 6, 0), detail: 'bandwidth' },
    ]);
    expect(clock.now()).toBeGreaterThanOrEqual(Date.UTC(2030, 0, 1, 6, 0));
  });

  it('when a pause has no end that anybody knows', async () => {
    const clock = createFakeClock(start, 'manual');
    const waits: Wait[] = [];
    const stop = new AbortController();
    const taking = createPace(() => 0, clock).take(1, 'bulk', stop.signal, (one) =>
      waits.push(one),
    );
    stop.abort(new Error('enough'));
    await expect(taking).rejects.toThrow('enough');
    expect(waits).toMatchObject([{ because: 'paused', until: null }]);
  });

  it('when a limit is used up for long, and not for every piece', async () => {
    const clock = createFakeClock(start, 'auto');
    const waits: Wait[] = [];
    const pace = createPace(() => 1_000_000, clock);
    for (const bytes of [100_000, 100_000, 5_000_000, 1]) {
      await pace.take(bytes, 'bulk', undefined, (wait) => waits.push(wait));
    }
    expect(waits).toMatchObject([{ because: 'bandwidth', detail: '1.0 MB/s' }]);
  });
});
