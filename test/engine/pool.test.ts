// Which processes there are, when there are many; with processes that hold no model.
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { LoadOptions } from '../../src/core/desired.ts';
import { sha256Text } from '../../src/core/hash.ts';
import { ProblemError } from '../../src/core/problem.ts';
import type { ServedModel } from '../../src/engine/catalog.ts';
import { createPool, type Pool, residentsMax } from '../../src/engine/pool.ts';
import { until } from './home.ts';

const program = fileURLToPath(new URL('fake-runner.ts', import.meta.url));
const pools: Pool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.stop();
});

function newPool(): Pool {
  const pool = createPool({ program, log: () => undefined });
  pools.push(pool);
  return pool;
}

const model = (name: string, load: LoadOptions = {}): ServedModel => ({
  name,
  files: [sha256Text(name)],
  path: name,
  adapters: [],
  recipe: {},
  load,
});
const ask = (pool: Pool, one: ServedModel) =>
  pool.use(one, (resident) => resident.chat({ messages: [], sampling: {} }, {}));
const names = (pool: Pool) =>
  pool.status().models.flatMap(({ holds }) => holds.map(({ name }) => name));
const codeOf = (error: unknown): unknown => error instanceof ProblemError && error.problem.code;

test('the model that was used longest ago makes room, and none that is to stay', async () => {
  const pool = newPool();
  const many = Array.from({ length: residentsMax }, (_, at) => model(`model-${at}`));
  await pool.load(many[0] ?? model('none'), { load: { keepAliveMs: 'forever' } });
  for (const one of many.slice(1)) expect(await ask(pool, one)).toMatchObject({ text: one.name });
  await ask(pool, many[1] ?? model('none'));
  await ask(pool, model('one-more'));
  expect(names(pool)).not.toContain('model-2');
  expect(names(pool)).toEqual(expect.arrayContaining(['model-0', 'model-1', 'one-more']));
  expect(pool.status().models).toHaveLength(residentsMax);
}, 60_000);

test('no room is made by unloading what is to stay', async () => {
  const pool = newPool();
  for (let at = 0; at < residentsMax; at += 1) {
    await pool.load(model(`model-${at}`), { load: { keepAliveMs: 'forever' } });
  }
  const refused = await ask(pool, model('one-more')).catch(codeOf);
  expect(refused).toBe('backend/busy');
  expect(pool.status().models).toHaveLength(residentsMax);
}, 60_000);

test('a process that ends instead of loading is a crash with its exit code', async () => {
  const pool = newPool();
  expect(await pool.load(model('exits'), { load: null }).catch(codeOf)).toBe('engine/crashed');
  expect(pool.status()).toMatchObject({ models: [], crashes: [{ how: 'exit code 3' }] });
});

test('a stopped pool starts nothing any more', async () => {
  const pool = newPool();
  await ask(pool, model('one'));
  await pool.stop();
  expect(pool.status().models).toEqual([]);
  expect(await ask(pool, model('one')).catch(codeOf)).toBe('engine/stopping');
});

test('many requests at once for what is not in memory start one process', async () => {
  const pool = newPool();
  const one = model('one', { parallel: 4 });
  const started = await Promise.all(Array.from({ length: 20 }, () => ask(pool, one)));
  expect(started).toHaveLength(20);
  expect(pool.status().models).toHaveLength(1);
});

test('a model that is used while its time runs out stays until the answer is there', async () => {
  const pool = newPool();
  const one = model('one', { keepAliveMs: 0 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const answer = pool.use(one, async (resident) => {
    await promise;
    return resident.chat({ messages: [], sampling: {} }, {});
  });
  await until(() => pool.status().models[0]?.state === 'ready');
  await ask(pool, one);
  resolve();
  expect(await answer).toMatchObject({ text: 'one' });
  await until(() => pool.status().models.length === 0);
});
