// The OpenAI protocol of the real engine: what its clients send and get.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineAddress } from '../../src/backends/embedded/client.ts';
import { ask, contentOf, createHome, type Home, says, until } from './home.ts';

let home: Home;
let engine: EngineAddress;

beforeAll(async () => {
  home = await createHome();
  const llama = await home.model({ says: 'modelctl is ready .' });
  await home.store('starter', llama);
  await home.store('brief', llama, {
    recipe: {
      system: 'Be brief.',
      parameters: { stop: ['ready'], temperature: 0, num_predict: 64 },
    },
  });
  await home.store('templated', llama, {
    recipe: {
      template:
        "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}",
    },
  });
  await home.store('vectors', await home.model({ arch: 'bert', context: 512 }));
  engine = await home.start();
}, 60_000);
afterAll(async () => home.cleanUp(), 60_000);

const chat = (model: string, more = {}) =>
  ask(engine, '/v1/chat/completions', {
    model,
    messages: [{ role: 'user', content: 'hello' }],
    ...more,
  });

interface Chunk {
  readonly id: string;
  readonly choices: readonly {
    readonly delta: { readonly content?: string };
    readonly finish_reason: string | null;
  }[];
}

describe('a conversation', () => {
  test('is answered with what the model says, and what that took', async () => {
    const { status, body } = await chat('starter');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: 'chat.completion',
      model: 'starter',
      choices: [
        {
          index: 0,
          finish_reason: 'stop',
          message: { role: 'assistant', content: 'modelctl is ready .' },
        },
      ],
      usage: { completion_tokens: 5 },
    });
    expect(body.usage.total_tokens).toBe(body.usage.prompt_tokens + 5);
    expect(body.id).toMatch(/^chatcmpl-/);
  });

  test('streams its answer in parts that add up to it', async () => {
    const { status, text } = await chat('starter', {
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(status).toBe(200);
    const lines = text.split('\n\n').filter((line) => line !== '');
    expect(lines.at(-1)).toBe('data: [DONE]');
    const events = lines
      .slice(0, -1)
      .map((line) => JSON.parse(line.slice('data: '.length)) as Chunk);
    const deltas = events.flatMap((event) => event.choices.map((choice) => choice.delta));
    expect(deltas[0]).toEqual({ role: 'assistant', content: '' });
    expect(deltas.map((delta) => delta.content ?? '').join('')).toBe('modelctl is ready .');
    expect(events.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(events.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 5 } });
    expect(new Set(events.map((event) => event.id)).size).toBe(1);
  });

  test('ends after so many tokens as the client allows', async () => {
    const { body } = await chat('starter', { max_tokens: 3 });
    expect(body.choices[0]).toMatchObject({
      finish_reason: 'length',
      message: { content: 'modelctl is ready' },
    });
  });

  test('ends at a word that the client stops at', async () => {
    const { body } = await chat('starter', { stop: ['is'] });
    expect(body.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: 'modelctl ' },
    });
  });

  test('carries the history that the client sends', async () => {
    const messages = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'modelctl is ready .' },
      { role: 'user', content: [{ type: 'text', text: 'again' }] },
    ];
    const { body } = await chat('starter', { messages });
    expect(contentOf(body)).toBe('modelctl is ready .');
    const { body: short } = await chat('starter', { messages: messages.slice(-1) });
    expect(body.usage.prompt_tokens).toBeGreaterThan(short.usage.prompt_tokens + 40);
  });

  test('follows the recipe of its name, and the request where that says otherwise', async () => {
    expect(await says(engine, 'brief')).toBe('modelctl is ');
    expect(await says(engine, 'brief', { stop: ['.'] })).toBe('modelctl is ready ');
    const [own, base] = await Promise.all([chat('brief'), chat('starter')]);
    // `system: Be brief.` and a line end, one token for each byte.
    expect(own.body.usage.prompt_tokens).toBe(base.body.usage.prompt_tokens + 18);
    const system = [
      { role: 'system', content: 'Be kind.!' },
      { role: 'user', content: 'hello' },
    ];
    const other = await chat('brief', { messages: system });
    expect(other.body.usage.prompt_tokens).toBe(own.body.usage.prompt_tokens);
  });

  test('is put into the words of a template of its name', async () => {
    const [own, base] = await Promise.all([chat('templated'), chat('starter')]);
    expect(contentOf(own.body)).toBe('modelctl is ready .');
    expect(own.body.usage.prompt_tokens).toBeLessThan(base.body.usage.prompt_tokens);
  });

  test('gives the same answer to the same seed', async () => {
    const hot = { temperature: 3, seed: 7, max_tokens: 8 };
    expect(await says(engine, 'starter', hot)).toBe(await says(engine, 'starter', hot));
  });

  test('that never ends by itself ends where the context does', async () => {
    const { body } = await chat('starter', { temperature: 50, seed: 3 });
    expect(body.choices[0]?.finish_reason).toMatch(/^(length|stop)$/);
    expect(body.usage.total_tokens).toBeLessThanOrEqual(512);
  });

  test('that is longer than the context is refused with the numbers', async () => {
    const { status, body } = await chat('starter', {
      messages: [{ role: 'user', content: 'x'.repeat(2_000) }],
    });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({
      type: 'invalid_request_error',
      code: 'engine/context-exceeded',
      message: expect.stringMatching(/20\d\d tokens.*context of 512/) as unknown,
    });
    expect(await says(engine, 'starter')).toBe('modelctl is ready .');
  });

  test('that its client gives up does not block those behind it', async () => {
    const abort = new AbortController();
    const given = fetch(`${engine.url}/v1/chat/completions`, {
      method: 'POST',
      headers: engine.headers,
      body: JSON.stringify({
        model: 'starter',
        messages: [{ role: 'user', content: 'hello' }],
        temperature: 50,
        stream: true,
      }),
      signal: abort.signal,
    });
    await given;
    abort.abort();
    expect(await says(engine, 'starter')).toBe('modelctl is ready .');
    await until(async () => (await home.running('starter'))?.inFlight === 0);
  });
});

describe('a request that cannot be served', () => {
  test.each([
    ['no model', {}],
    ['no messages', { model: 'starter' }],
    ['empty messages', { model: 'starter', messages: [] }],
    ['a strange role', { model: 'starter', messages: [{ role: 'robot', content: 'hi' }] }],
    [
      'an image',
      { model: 'starter', messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
    ],
    ['tools', { model: 'starter', messages: [{ role: 'user', content: 'x' }], tools: [{}] }],
    ['several answers', { model: 'starter', messages: [{ role: 'user', content: 'x' }], n: 2 }],
    [
      'a hot temperature',
      { model: 'starter', messages: [{ role: 'user', content: 'x' }], temperature: 'hot' },
    ],
    [
      'a schema',
      {
        model: 'starter',
        messages: [{ role: 'user', content: 'x' }],
        response_format: { type: 'json_object' },
      },
    ],
  ])('for %s is refused', async (_, body) => {
    const answer = await ask(engine, '/v1/chat/completions', body);
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { type: 'invalid_request_error', code: 'engine/bad-request' } },
    });
  });

  test('for a model that is not there is 404', async () => {
    expect(await chat('nobody')).toMatchObject({
      status: 404,
      body: {
        error: { type: 'not_found_error', message: expect.stringContaining('nobody') as unknown },
      },
    });
  });

  test('for a conversation with a model that embeds says so', async () => {
    const { status, body } = await chat('vectors');
    expect(status).toBe(400);
    expect(body.error.message).toContain('embeddings');
  });
});

describe('embeddings', () => {
  const embed = (body: object) => ask(engine, '/v1/embeddings', { model: 'vectors', ...body });

  test('are vectors, one for each text, the same for the same text', async () => {
    const { status, body } = await embed({ input: ['hello', 'world', 'hello'] });
    expect(status).toBe(200);
    expect(body).toMatchObject({ object: 'list', model: 'vectors' });
    const vectors = body.data.map(({ embedding }) => embedding);
    expect(vectors.map((vector) => vector.length)).toEqual([64, 64, 64]);
    expect(vectors[0]).toEqual(vectors[2]);
    expect(vectors[0]).not.toEqual(vectors[1]);
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    expect(body.usage.prompt_tokens).toBe(15);
  });

  test('come in base64 to those who ask for that', async () => {
    const [floats, base64] = await Promise.all([
      embed({ input: 'hello' }),
      embed({ input: 'hello', encoding_format: 'base64' }),
    ]);
    const bytes = Buffer.from(String(base64.body.data[0]?.embedding), 'base64');
    expect(bytes.length).toBe(64 * 4);
    expect(bytes.readFloatLE(0)).toBeCloseTo(floats.body.data[0]?.embedding[0] ?? 0, 5);
  });

  test('can be had from a model that also talks', async () => {
    const { status, body } = await embed({ model: 'starter', input: 'hello' });
    expect(status).toBe(200);
    expect(body.data[0]?.embedding).toHaveLength(64);
    expect(await says(engine, 'starter')).toBe('modelctl is ready .');
  });

  test.each([
    {},
    { input: [] },
    { input: [[1, 2]] },
    { input: 'x', dimensions: 8 },
    { input: 'x'.repeat(900) },
  ])('of %j are refused', async (body) => {
    expect((await embed(body)).status).toBe(400);
  });
});

test('the list of models is that of the names in the store', async () => {
  const { body } = await ask(engine, '/v1/models');
  expect(body.object).toBe('list');
  expect(body.data.map(({ id }) => id)).toEqual(['brief', 'starter', 'templated', 'vectors']);
});
