// The built program against a Hub on a socket, by the variable that the Hub's own tools know.
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createHub } from '../fakes/hub-server.ts';
import { tinyGguf } from '../fakes/tiny-gguf.mjs';
import { modelDocument } from '../machine.ts';
import { runModelctl } from './transcript.ts';

it('plans, applies and stores a model on the embedded engine, with a token that is never shown', async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'modelctl-hub-')));
  const hub = createHub();
  hub.tokens.set('hf_notForLogs', new Set(['org/repo']));
  hub.push('org/repo', { 'm-Q4_K_M.gguf': tinyGguf() }, { private: true });
  const listening = await hub.listen();
  onTestFinished(async () => {
    await listening.close();
    await rm(folder, { recursive: true, force: true });
  });
  const { port } = new URL(listening.origin);
  // Nothing listens where Ollama is looked for, so the embedded engine is taken.
  const place = { folder, home: join(folder, 'home'), address: '127.0.0.1:1' };
  const variables = { HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_TOKEN: 'hf_notForLogs' };
  const run = (...given: readonly string[]) =>
    runModelctl(given, { place, environment: variables });
  const runOffline = (...given: readonly string[]) =>
    runModelctl(given, { place, environment: { ...variables, HF_HUB_OFFLINE: '1' } });
  await writeFile(join(folder, 'models.yaml'), modelDocument('chat', 'source: hf://org/repo'));

  const planned = await run('plan', '-f', 'models.yaml');
  expect(planned.stdout).toContain('chat');
  expect(planned.code).toBe(0);
  const applied = await run('apply', '-f', 'models.yaml');
  expect(applied).toMatchObject({ code: 0 });
  expect(hub.requests.some(({ url }) => url.pathname.startsWith('/lfs/'))).toBe(true);
  const got = await run('get', 'models', '-o', 'json');
  expect(got.stdout).toContain('"chat"');
  const again = await run('plan', '-f', 'models.yaml');
  expect(again.stdout).toMatch(/no changes|up to date|nothing/i);

  hub.requests.length = 0;
  expect((await runOffline('plan', '-f', 'models.yaml')).code).toBe(0);
  await writeFile(join(folder, 'models.yaml'), modelDocument('chat', 'source: hf://org/other'));
  const offline = await runOffline('plan', '-f', 'models.yaml');
  expect(offline).toMatchObject({ code: 1 });
  expect(offline.stderr).toContain('HF_HUB_OFFLINE says to stay offline');
  expect(hub.requests).toEqual([]);

  const printed = [planned, applied, got, again, offline].flatMap(({ stdout, stderr }) => [
    stdout,
    stderr,
  ]);
  expect(printed.join('\n')).not.toContain('hf_notForLogs');
});
