// The fake Ollama, asked what a live one is asked too (test/backends/ollama/live.ts).
import { expect, test } from 'vitest';
import { type AskedEngine, facts } from './ollama/facts.ts';
import { createFakeOllama } from './ollama-server.ts';
import { tinyGguf } from './tiny-gguf.mjs';

const tinyWeights = tinyGguf({ says: 'version one', seed: 1 });
const embedWeights = tinyGguf({ arch: 'bert', seed: 3 });

const fakeEngine = async (): Promise<AskedEngine> => {
  const fake = createFakeOllama();
  const content = { weights: tinyWeights, parameters: { temperature: 0 }, license: 'CC0-1.0\n' };
  fake.registry.publish('library/tiny:v1', content);
  fake.registry.publish('library/embed:v1', { weights: embedWeights });
  const { url, stop } = await fake.start();
  return { url, registry: 'localhost:5001', stop };
};

facts('the fake Ollama', fakeEngine);

// Not asked of a live engine: there, nothing but its files can remove such a name again.
test('the fake Ollama deletes latest when asked to delete local', async () => {
  const fake = createFakeOllama();
  fake.registry.publish('library/tiny:v1', { weights: 'x' });
  await fake.foreign.pull('tiny:v1');
  const { url, stop } = await fake.start();
  const send = (method: string, path: string, body: object): Promise<Response> =>
    fetch(`${url}${path}`, { method, body: JSON.stringify(body) });
  for (const destination of ['a:latest', 'a:local']) {
    await send('POST', '/api/copy', { source: 'tiny:v1', destination });
  }
  expect((await send('DELETE', '/api/delete', { model: 'a:local' })).status).toBe(200);
  await stop();
  expect(fake.foreign.names().map((name) => name.split('/').slice(2).join(':'))).toEqual([
    'tiny:v1',
    'a:local',
  ]);
});
