// What the fake Ollama claims about the wire, as questions that a live engine is asked as well: a
// fake that drifts from the real thing proves nothing.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tinyGguf } from '../tiny-gguf.mjs';
import { sha256 } from './store.ts';

export interface AskedEngine {
  readonly url: string;
  /** `host:port` of a registry on loopback with library/tiny:v1 and library/embed:v1. */
  readonly registry: string;
  readonly stop: () => Promise<void>;
}

/** Nothing else on a live engine is touched. */
const ours = /^(?:modelctl-fact-|(?:localhost|127\.0\.0\.1):\d+\/library\/(?:tiny|embed):v1$)/i;

type Fields = Record<string, unknown>;

export function facts(name: string, start: () => Promise<AskedEngine>): void {
  describe(name, () => {
    let engine: AskedEngine;
    const send = async (
      method: string,
      path: string,
      body?: object | string | Uint8Array,
    ): Promise<Response> => {
      const text =
        typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
      return fetch(`${engine.url}${path}`, {
        method,
        ...(body === undefined ? {} : { body: text as string }),
      });
    };
    const json = async (response: Response): Promise<Fields> => (await response.json()) as Fields;
    const lines = async (path: string, body: object): Promise<readonly Fields[]> => {
      const response = await send('POST', path, body);
      expect(response.status).toBe(200);
      return (await response.text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Fields);
    };
    const list = async (path = '/api/tags'): Promise<readonly Fields[]> =>
      (await json(await send('GET', path)))['models'] as Fields[];
    const find = async (model: string, path?: string): Promise<Fields | undefined> =>
      (await list(path)).find((one) => one['name'] === model);
    /** Of ours: a live engine may run other models too. */
    const loaded = async (): Promise<readonly Fields[]> =>
      (await list('/api/ps')).filter((one) => ours.test(String(one['name'])));
    const tiny = (): string => `${engine.registry}/library/tiny:v1`;
    const pull = async (model: string): Promise<readonly Fields[]> =>
      lines('/api/pull', { model, insecure: true });
    const idle = async (model: string): Promise<void> => {
      await send('POST', '/api/generate', { model, keep_alive: 0 });
      await expect.poll(() => find(model, '/api/ps'), { timeout: 10_000 }).toBeUndefined();
    };
    const clear = async (): Promise<void> => {
      for (const { name: model } of [...(await list('/api/ps')), ...(await list())]) {
        if (!ours.test(String(model))) continue;
        await idle(String(model));
        await send('DELETE', '/api/delete', { model });
      }
    };
    beforeEach(async () => {
      engine = await start();
      await clear();
    });
    afterEach(async () => {
      await clear();
      await engine.stop();
    });

    test('tells its version and lists nothing as an empty list', async () => {
      expect(await json(await send('GET', '/api/version'))).toEqual({
        version: expect.any(String) as string,
      });
      expect(await loaded()).toEqual([]);
      expect(await (await send('GET', '/')).text()).toBe('Ollama is running');
    });

    test('refuses what is no request of its protocol', async () => {
      const refusals = [
        ['POST', '/api/pull', {}, 400, 'invalid model name'],
        ['POST', '/api/pull', { model: 'a b' }, 400, 'invalid model name'],
        ['POST', '/api/pull', { model: `x@sha256:${'a'.repeat(64)}` }, 400, 'invalid model name'],
        ['POST', '/api/pull', '', 400, 'missing request body'],
        ['POST', '/api/pull', '{"model":', 400, 'unexpected EOF'],
        ['POST', '/api/show', {}, 400, 'model is required'],
        [
          'POST',
          '/api/show',
          { model: 'modelctl-fact-none:v1' },
          404,
          "model 'modelctl-fact-none:v1' not found",
        ],
        [
          'POST',
          '/api/generate',
          { model: 'modelctl-fact-none:v1' },
          404,
          "model 'modelctl-fact-none:v1' not found",
        ],
        [
          'POST',
          '/api/copy',
          { source: 'modelctl-fact-none', destination: 'modelctl-fact-b' },
          404,
          'model "modelctl-fact-none" not found',
        ],
        [
          'DELETE',
          '/api/delete',
          { model: 'modelctl-fact-none' },
          404,
          "model 'modelctl-fact-none' not found",
        ],
        [
          'POST',
          '/api/create',
          { model: 'modelctl-fact-a' },
          400,
          "neither 'from' or 'files' was specified",
        ],
      ] as const;
      for (const [method, path, body, status, error] of refusals) {
        const response = await send(method, path, body);
        expect([path, response.status, await json(response)]).toEqual([path, status, { error }]);
      }
      expect((await send('GET', '/api/pull')).status).toBe(405);
    });

    test('pulls, and tells of errors inside the stream', async () => {
      const missing = await pull(`${engine.registry}/library/tiny:none`);
      expect(missing).toEqual([
        { status: 'pulling manifest' },
        { error: 'pull model manifest: file does not exist' },
      ]);
      const [, secure] = await lines('/api/pull', { model: tiny() });
      expect(secure?.['error']).toMatch(/server gave HTTP response to HTTPS client/);
      const first = await pull(tiny());
      expect(first[0]).toEqual({ status: 'pulling manifest' });
      expect(first.slice(-3).map(({ status }) => status)).toEqual([
        'verifying sha256 digest',
        'writing manifest',
        'success',
      ]);
      const again = await pull(tiny());
      const layers = again.filter((event) => 'digest' in event);
      expect(layers.length).toBeGreaterThan(1);
      for (const layer of layers) expect(layer['completed']).toBe(layer['total']);
    });

    test('lists the sha256 of the manifest, without a prefix, and the sum of its layers', async () => {
      const events = await pull(tiny());
      expect(events.at(-1)).toEqual({ status: 'success' });
      const listed = await find(tiny());
      expect(listed).toMatchObject({
        model: tiny(),
        digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      });
      const layers = (await pull(tiny())).flatMap((event) =>
        'digest' in event ? [Number(event['total'])] : [],
      );
      expect(listed?.['size']).toBe(layers.reduce((sum, bytes) => sum + bytes, 0));
      expect(listed?.['details']).toMatchObject({ context_length: 2048, parent_model: '' });
    });

    test('shows weights in the modelfile only, and parameters as padded text', async () => {
      await pull(tiny());
      const shown = await json(await send('POST', '/api/show', { model: tiny() }));
      expect(Object.keys(shown)).not.toContain('digest');
      expect(shown['modelfile']).toMatch(/^FROM \/.*blobs\/sha256-[0-9a-f]{64}$/m);
      expect(shown['parameters']).toBe(`${'temperature'.padEnd(30)} 0`);
      expect(shown['capabilities']).toEqual(['completion']);
    });

    test('merges parameters with those of the base, whose bytes it shares', async () => {
      await pull(tiny());
      const parameters = { num_ctx: 512, stop: ['a', 'b"c'] };
      await lines('/api/create', {
        model: 'modelctl-fact-a:v1',
        from: tiny(),
        system: 'Be brief.',
        parameters,
      });
      const shown = await json(await send('POST', '/api/show', { model: 'modelctl-fact-a:v1' }));
      expect(String(shown['parameters']).split('\n').toSorted()).toEqual([
        `${'num_ctx'.padEnd(30)} 512`,
        `${'stop'.padEnd(30)} "a"`,
        `${'stop'.padEnd(30)} "b\\"c"`,
        `${'temperature'.padEnd(30)} 0`,
      ]);
      expect(shown).toMatchObject({ system: 'Be brief.', details: { parent_model: tiny() } });
      const digest = (await find('modelctl-fact-a:v1'))?.['digest'];
      await lines('/api/create', {
        model: 'modelctl-fact-a:v1',
        from: tiny(),
        system: 'Be brief.',
        parameters,
      });
      expect((await find('modelctl-fact-a:v1'))?.['digest']).toBe(digest);
      await lines('/api/create', {
        model: 'modelctl-fact-a:v1',
        from: 'modelctl-fact-a:v1',
        parameters: { top_k: 3 },
      });
      const later = await json(await send('POST', '/api/show', { model: 'modelctl-fact-a:v1' }));
      expect(String(later['parameters'])).toMatch(/num_ctx/);
    });

    test('takes files as blobs and rewrites their weights', async () => {
      const bytes = tinyGguf({ says: 'uploaded by hand', seed: 9 });
      const digest = sha256(bytes);
      const head = async (): Promise<number> => (await send('HEAD', `/api/blobs/${digest}`)).status;
      expect([200, 404]).toContain(await head());
      const wrong = sha256('something else');
      const mismatch = await send('POST', `/api/blobs/${wrong}`, bytes);
      expect(mismatch.status).toBe(400);
      expect((await json(mismatch))['error']).toMatch(/^digest mismatch, expected/);
      expect(await head()).toBe(200);
      expect((await send('POST', `/api/blobs/${digest}`, bytes)).status).toBe(200);
      expect((await send('HEAD', '/api/blobs/sha256:zz')).status).toBe(400);
      const events = await lines('/api/create', {
        model: 'modelctl-fact-import',
        files: { 'up.gguf': digest },
      });
      expect(events.map(({ status }) => String(status).split(' sha256')[0])).toContain(
        'parsing GGUF',
      );
      const shown = await json(await send('POST', '/api/show', { model: 'modelctl-fact-import' }));
      expect(shown['modelfile']).not.toContain(digest.slice('sha256:'.length));
      const created = (await find('modelctl-fact-import:latest'))?.['digest'];
      await lines('/api/create', { model: 'modelctl-fact-import', files: { 'up.gguf': digest } });
      expect((await find('modelctl-fact-import:latest'))?.['digest']).toBe(created);
    });

    test('copies byte for byte, and finds names in any case', async () => {
      await pull(tiny());
      const copied = await send('POST', '/api/copy', {
        source: tiny(),
        destination: 'modelctl-fact-Copy:V1',
      });
      expect([copied.status, await copied.text()]).toEqual([200, '']);
      // Each part takes the spelling that any manifest has for it: the tag is that of tiny:v1.
      expect((await find('modelctl-fact-Copy:v1'))?.['digest']).toBe(
        (await find(tiny()))?.['digest'],
      );
      expect((await send('POST', '/api/show', { model: 'MODELCTL-fact-copy:V1' })).status).toBe(
        200,
      );
      const deleted = await send('DELETE', '/api/delete', { model: 'modelctl-fact-copy:v1' });
      expect([deleted.status, await deleted.text()]).toEqual([200, '']);
      expect(await find('modelctl-fact-Copy:v1')).toBeUndefined();
    });

    test('loads with an empty request, for ever when asked, and unloads on its own time', async () => {
      await pull(tiny());
      const load = { model: tiny(), keep_alive: -1, stream: false };
      expect(await json(await send('POST', '/api/generate', load))).toMatchObject({
        done: true,
        done_reason: 'load',
      });
      const running = await find(tiny(), '/api/ps');
      expect(running).toMatchObject({
        digest: (await find(tiny()))?.['digest'],
        size: expect.any(Number) as number,
      });
      expect(Date.parse(String(running?.['expires_at']))).toBeGreaterThan(
        Date.now() + 100 * 365 * 86_400_000,
      );
      const unload = await json(await send('POST', '/api/generate', { ...load, keep_alive: 0 }));
      expect(unload).toMatchObject({ done: true, done_reason: 'unload' });
      await idle(tiny());
      const bad = await send('POST', '/api/generate', { ...load, keep_alive: '300' });
      expect(bad.status).toBe(400);
    });

    test('keeps one runner per weights, under the name that started it', async () => {
      await pull(tiny());
      await lines('/api/create', {
        model: 'modelctl-fact-a:v1',
        from: tiny(),
        system: 'Be brief.',
      });
      for (const model of [tiny(), 'modelctl-fact-a:v1'])
        await send('POST', '/api/generate', { model, stream: false });
      expect((await loaded()).map((one) => one['name'])).toEqual([tiny()]);
      await lines('/api/create', {
        model: 'modelctl-fact-b:v1',
        from: tiny(),
        parameters: { num_ctx: 512 },
      });
      await send('POST', '/api/generate', { model: 'modelctl-fact-b:v1', stream: false });
      expect(await loaded()).toMatchObject([{ name: 'modelctl-fact-b:v1', context_length: 512 }]);
      await send('POST', '/api/generate', { model: tiny(), keep_alive: 0 });
      await expect.poll(loaded, { timeout: 10_000 }).toEqual([]);
    });

    test('loads an embedding model through its own endpoint only', async () => {
      const model = `${engine.registry}/library/embed:v1`;
      await pull(model);
      const generate = await send('POST', '/api/generate', { model, stream: false });
      expect([generate.status, await json(generate)]).toEqual([
        400,
        { error: `"${model}" does not support generate` },
      ]);
      const embed = await send('POST', '/api/embed', { model, input: '', keep_alive: -1 });
      expect([embed.status, await json(embed)]).toMatchObject([200, { embeddings: [] }]);
      expect(await find(model, '/api/ps')).toBeDefined();
      const unload = await json(
        await send('POST', '/api/generate', { model, keep_alive: 0, stream: false }),
      );
      expect(unload).toMatchObject({ done_reason: 'unload' });
      await idle(model);
    });

    test('answers in the OpenAI protocol', async () => {
      await pull(tiny());
      const messages = [{ role: 'user', content: 'hello' }];
      const response = await send('POST', '/v1/chat/completions', {
        model: tiny(),
        messages,
        temperature: 0,
      });
      const { choices } = (await response.json()) as {
        choices: { message: { content: string } }[];
      };
      expect(choices[0]?.message.content).toMatch(/one/);
      const { data } = (await json(await send('GET', '/v1/models'))) as { data: { id: string }[] };
      expect(data.map(({ id }) => id)).toContain(tiny());
    });
  });
}
