// When a model's process dies: it takes its own answers with it, and nothing else.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineAddress } from '../../src/backends/embedded/client.ts';
import type { LoadEvent } from '../../src/engine/protocol.ts';
import { ask, createHome, type Home, says, until } from './home.ts';

let home: Home;
let engine: EngineAddress;

beforeAll(async () => {
  home = await createHome();
  await home.store('one', await home.model({ says: 'rolled out version one' }));
  await home.store('two', await home.model({ says: 'rolled out version two', seed: 2 }));
  engine = await home.start();
}, 60_000);
afterAll(async () => home.cleanUp(), 60_000);

test('a killed model is gone from memory, told of, and loaded again by the next request', async () => {
  expect(await says(engine, 'one')).toBe('rolled out version one');
  expect(await says(engine, 'two')).toBe('rolled out version two');
  const pid = (await home.running('one'))?.pid ?? 0;
  process.kill(pid, 'SIGKILL');
  await until(async () => (await home.running('one')) === undefined);
  const { crashes, models } = await home.status();
  expect(crashes).toMatchObject([{ names: ['one'], how: 'SIGKILL' }]);
  expect(models).toHaveLength(1);
  expect(await says(engine, 'two')).toBe('rolled out version two');
  expect(await says(engine, 'one')).toBe('rolled out version one');
  expect((await home.running('one'))?.pid).not.toBe(pid);
});

test('an answer that its model dies under ends with an error', async () => {
  await says(engine, 'one');
  const pid = (await home.running('one'))?.pid ?? 0;
  // Stopped, so that the question is certainly not answered before the end.
  process.kill(pid, 'SIGSTOP');
  const messages = [{ role: 'user', content: 'hello' }];
  const answer = ask(engine, '/v1/chat/completions', { model: 'one', messages });
  await until(async () => (await home.running('one'))?.inFlight === 1);
  process.kill(pid, 'SIGKILL');
  expect(await answer).toMatchObject({
    status: 500,
    body: { error: { type: 'api_error', code: 'engine/crashed' } },
  });
});

test('a model that dies while it is loaded is a failure that may pass', async () => {
  const loading = ask(engine, '/api/load', {
    name: 'one',
    load: { threads: 1, contextLength: 1024 },
  });
  await until(async () => {
    const found = (await home.status()).models.find(({ state }) => state === 'loading');
    if (!found?.pid) return false;
    process.kill(found.pid, 'SIGKILL');
    return true;
  });
  const { text } = await loading;
  const last = JSON.parse(text.trim().split('\n').at(-1) ?? '') as LoadEvent;
  expect(last).toMatchObject({
    status: 'failed',
    problem: { code: 'engine/crashed', retry: 'later' },
  });
  expect(await says(engine, 'one')).toBe('rolled out version one');
});
