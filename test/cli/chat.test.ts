import { describe, expect, test } from 'vitest';
import { ask } from '../../src/cli/chat.ts';
import { ProblemError } from '../../src/core/problem.ts';
import { type Http, HttpError, type HttpRequest } from '../../src/io/io.ts';
import { createFakeIo } from '../fakes/io.ts';

const endpoint = { url: 'http://127.0.0.1:1', headers: { authorization: 'Bearer secret' } };

interface Heard {
  readonly request: HttpRequest | undefined;
  readonly parts: readonly string[];
  readonly problem: string | null;
}

/** Asks an engine that answers with these chunks of bytes. */
async function hear(
  status: number,
  ...chunks: readonly (string | Uint8Array | Error)[]
): Promise<Heard> {
  let request: HttpRequest | undefined;
  const body = async function* () {
    for (const chunk of chunks) {
      if (chunk instanceof Error) throw chunk;
      yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
    }
  };
  const http: Http = {
    request: async (one) => {
      request = one;
      return { status, headers: {}, body: body() };
    },
  };
  const parts: string[] = [];
  const context = { io: createFakeIo({ http }), signal: new AbortController().signal };
  try {
    const question = { model: 'tiny', prompt: 'hello', system: 'Be brief.', maxTokens: 5 };
    for await (const part of ask(endpoint, question, context)) parts.push(part);
    return { request, parts, problem: null };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { request, parts, problem: `${error.problem.code}: ${error.problem.detail}` };
  }
}

const delta = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;

describe('an answer', () => {
  test('comes in parts, however the bytes are cut', async () => {
    const bytes = new TextEncoder().encode(`${delta('Grüße')}${delta(' 👋')}data: [DONE]\n\n`);
    const single = [...bytes].map((byte) => Uint8Array.of(byte));
    expect((await hear(200, bytes)).parts).toEqual(['Grüße', ' 👋']);
    expect((await hear(200, ...single)).parts).toEqual(['Grüße', ' 👋']);
  });

  test('is asked for with everything that was given', async () => {
    const { request } = await hear(200, 'data: [DONE]\n\n');
    expect(request?.url).toBe('http://127.0.0.1:1/v1/chat/completions');
    expect(request?.headers).toMatchObject(endpoint.headers);
    expect(JSON.parse(request?.body as string)).toEqual({
      model: 'tiny',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hello' },
      ],
      stream: true,
      max_tokens: 5,
    });
  });

  test('may be preceded by comments, roles and thoughts', async () => {
    const role = 'data: {"choices":[{"delta":{"role":"assistant"}}]}\r\n\r\n';
    const thought = 'data: {"choices":[{"delta":{"content":null,"reasoning":"hm"}}]}\n\n';
    const usage = 'data: {"choices":[],"usage":{}}\n\n';
    const { parts } = await hear(
      200,
      ': ping\n\n',
      role,
      thought,
      delta('yes'),
      usage,
      'data: [DONE]\n',
    );
    expect(parts).toEqual(['yes']);
  });
});

describe('no answer', () => {
  test.each([
    [404, '{"error":{"message":"model not found"}}', 'run/no-answer: tiny: model not found'],
    [500, '{"error":"out of memory"}', 'run/no-answer: tiny: out of memory'],
    [502, '<html>', 'run/no-answer: tiny: HTTP status 502'],
    [200, 'data: {"error":{"message":"crashed"}}\n\n', 'run/no-answer: tiny: crashed'],
  ])('with status %i and %s says why', async (status, body, problem) => {
    expect((await hear(status, body)).problem).toBe(problem);
  });

  test('to the end is told as such, behind what there was', async () => {
    const ended = await hear(200, delta('half'));
    expect(ended).toMatchObject({
      parts: ['half'],
      problem: 'run/cut-off: tiny: the stream ended without saying so.',
    });
    const cut = await hear(200, delta('half'), new HttpError('cut', 'the connection was cut'));
    expect(cut).toMatchObject({
      parts: ['half'],
      problem: 'run/cut-off: tiny: the connection was cut.',
    });
  });

  test('from an engine that is not there is no answer that was cut off', async () => {
    const refused: Http = {
      request: () => Promise.reject(new HttpError('refused', 'nothing listens')),
    };
    const context = { io: createFakeIo({ http: refused }), signal: new AbortController().signal };
    const first = ask(endpoint, { model: 'tiny', prompt: 'hello' }, context).next();
    await expect(first).rejects.toMatchObject({ problem: { code: 'run/no-answer' } });
  });

  test('is read without bound', async () => {
    const endless = await hear(200, ...Array.from({ length: 40 }, () => 'x'.repeat(65_536)));
    expect(endless.problem).toContain('too long');
  });
});
