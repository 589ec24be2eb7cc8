// What the Hub answers when it will not give something, and what is said of it.
import { describe, expect, it } from 'vitest';
import { matching, problemFrom, problemOf } from '../../world.ts';
import { model, quantized, setUp } from './hub-world.ts';

const repo = 'org/repo';
const token = { HF_TOKEN: 'hf_mine' };

describe('a gated repository', () => {
  it('wants its terms accepted and a token, where none was sent', async () => {
    const { hub, resolve } = setUp();
    hub.push(repo, quantized, { gated: 'auto' });
    expect(problemOf(await resolve('hf://org/repo'))).toMatchObject({
      code: 'source/gated',
      remedy: matching(/terms at https:\/\/huggingface\.co\/org\/repo.*HF_TOKEN/),
      retry: 'never',
    });
  });

  it('wants the account let in, where a token was sent', async () => {
    const { hub, resolve } = setUp(token);
    hub.tokens.set('hf_mine', new Set());
    hub.push(repo, quantized, { gated: 'manual' });
    const problem = problemOf(await resolve('hf://org/repo'));
    expect(problem).toMatchObject({
      code: 'source/gated',
      detail: matching('the account of the token has not been let in'),
    });
    expect(JSON.stringify(problem)).not.toContain('hf_mine');
  });

  it('is read by those who were let in', async () => {
    const { hub, artifact } = setUp(token);
    hub.tokens.set('hf_mine', new Set([repo]));
    hub.push(repo, quantized, { gated: 'auto' });
    expect((await artifact('hf://org/repo')).files).toHaveLength(1);
  });
});

describe('a private repository', () => {
  it('looks like one that does not exist, and what to do is said for both', async () => {
    const { hub, resolve } = setUp();
    hub.push(repo, quantized, { private: true });
    const [secret, absent] = [await resolve('hf://org/repo'), await resolve('hf://org/none')];
    expect(problemOf(secret)).toMatchObject({
      code: 'source/not-found',
      detail: matching(/no org\/repo, or it is private/),
      remedy: matching(/set HF_TOKEN/),
    });
    expect(problemOf(absent)).toMatchObject({ code: 'source/not-found' });
  });

  it('is not seen with the token of somebody else', async () => {
    const { hub, resolve } = setUp(token);
    hub.tokens.set('hf_mine', new Set());
    hub.push(repo, quantized, { private: true });
    expect(problemOf(await resolve('hf://org/repo'))).toMatchObject({
      code: 'source/not-found',
      detail: matching(/may not see it/),
    });
  });

  it('is read with the token of its owner', async () => {
    const { hub, artifact } = setUp(token);
    hub.tokens.set('hf_mine', new Set([repo]));
    hub.push(repo, quantized, { private: true });
    expect((await artifact('hf://org/repo')).files).toHaveLength(1);
  });
});

describe('what is refused', () => {
  it('for a token that is none is told from what is not there', async () => {
    const { hub, resolve } = setUp(token);
    hub.push(repo, quantized);
    expect(problemOf(await resolve('hf://org/repo'))).toMatchObject({
      code: 'source/unauthorized',
      remedy: matching(/HF_TOKEN/),
    });
  });

  it('for a revision that is not there names it', async () => {
    const { hub, resolve } = setUp();
    hub.push(repo, quantized);
    expect(problemOf(await resolve('hf://org/repo@v9'))).toMatchObject({
      code: 'source/not-found',
      detail: 'org/repo has no revision v9.',
    });
  });

  it('for a file that went since is said when it is fetched', async () => {
    const { hub, artifact, open, part } = setUp();
    hub.push(repo, quantized);
    const found = await artifact('hf://org/repo');
    hub.repositories.get(repo)?.commits.set(found.commit ?? '', new Map());
    expect(await problemFrom(open(found).read(part()))).toMatchObject({
      code: 'source/not-found',
      detail: matching(/not there any more/),
    });
  });

  it.each([
    ['in the answer about it', /never/],
    ['only when its files are asked for', /\/revision\//],
  ])('for everyone is told %s', async (_, hides) => {
    const { hub, resolve } = setUp();
    hub.push(repo, quantized, { disabled: true });
    const sha = hub.repositories.get(repo)?.refs.get('main');
    hub.add({ on: hides, body: JSON.stringify({ sha }) });
    expect(problemOf(await resolve('hf://org/repo')).code).toBe('source/disabled');
  });

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['RateLimit', { ratelimit: '"api";r=0;t=55' }, /wait 56 s/],
    ['Retry-After', { 'retry-after': '120' }, /wait 120 s/],
    ['both', { ratelimit: '"api";r=0;t=55', 'retry-after': '10' }, /wait 56 s/],
    ['neither', {}, /too many requests from here\.$/],
    ['nonsense', { ratelimit: 't=', 'retry-after': 'soon' }, /too many requests from here\.$/],
    ['a very long time', { ratelimit: '"api";t=999999' }, /wait 86400 s/],
  ])('for too many requests says how long to wait, by %s', async (_, headers, detail) => {
    const { hub, resolve } = setUp();
    hub.push(repo, quantized);
    hub.add({ on: /\/api\//, status: 429, headers });
    expect(problemOf(await resolve('hf://org/repo'))).toMatchObject({
      code: 'source/rate-limited',
      detail: matching(detail),
      remedy: matching(/HF_TOKEN/),
      retry: 'later',
    });
  });

  it('for a fault of the Hub may be asked again', async () => {
    const { hub, resolve } = setUp();
    hub.push(repo, quantized);
    hub.add({ on: /\/tree\//, status: 503 });
    expect(problemOf(await resolve('hf://org/repo')).retry).toBe('later');
    hub.add({ on: /\/tree\//, refusesConnection: true });
    expect(problemOf(await resolve('hf://org/repo')).code).toBe('source/unreachable');
  });
});

describe('a quantization that is not there', () => {
  it('is told with those that are, and nothing is read for it', async () => {
    const { hub, resolve, asked } = setUp();
    hub.push(repo, { ...quantized, 'm-Q5_K_M.gguf': model('five') });
    expect(problemOf(await resolve('hf://org/repo:Q5_K_N'))).toMatchObject({
      detail: 'org/repo has no quantization Q5_K_N. It has Q4_K_M, Q5_K_M, Q8_0.',
      remedy: 'Did you mean :Q5_K_M?',
    });
    expect(asked()).toHaveLength(2);
  });
});
