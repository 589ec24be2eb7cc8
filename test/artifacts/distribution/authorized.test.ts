import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { authorizedHttp } from '../../../src/artifacts/distribution/authorized.ts';
import type { RegistryCredentials } from '../../../src/artifacts/distribution/credentials.ts';
import type { HttpRequest, HttpResponse } from '../../../src/io/io.ts';
import { matching, problemFrom } from '../world.ts';

const blob = 'https://registry.example.com/v2/team/tiny/blobs/x';
const me = { kind: 'basic', username: 'me', password: 'hunter2' } as const;
const basicHeader = `Basic ${Buffer.from('me:hunter2').toString('base64')}`;

const answer = (status: number, headers: Record<string, string> = {}, body = ''): HttpResponse => ({
  status,
  headers,
  body: (async function* () {
    yield Buffer.from(body);
  })(),
});

interface Server {
  readonly challenge?: string;
  readonly credentials?: RegistryCredentials;
  readonly realms?: 'own-host' | 'any-host';
  readonly token?: () => HttpResponse;
  /** Whether what was sent is enough. */
  readonly admits?: (authorization: string | undefined) => boolean;
}

/** A registry and every other host of the world, by one function. */
function setUp(server: Server) {
  const requests: HttpRequest[] = [];
  let now = 0;
  let tokens = 0;
  const issue = () => {
    tokens += 1;
    return answer(200, {}, JSON.stringify({ token: `t${tokens}`, expires_in: 100 }));
  };
  const admits = server.admits ?? ((sent) => sent === `Bearer t${tokens}` && tokens > 0);
  const http = {
    request: async (request: HttpRequest) => {
      requests.push(request);
      const url = new URL(request.url);
      if (url.pathname === '/token') return (server.token ?? issue)();
      if (url.host !== 'registry.example.com') return answer(200);
      if (admits(request.headers?.['Authorization'])) return answer(200, {}, 'bytes');
      const challenge =
        server.challenge ?? 'Bearer realm="https://auth.example.com/token",service="s"';
      return answer(401, { 'www-authenticate': challenge });
    },
  };
  const signal = new AbortController().signal;
  const port = authorizedHttp({
    base: new URL('https://registry.example.com'),
    repository: 'team/tiny',
    realms: server.realms ?? 'any-host',
    credentials: async () => ({
      credentials: server.credentials ?? null,
      about: 'About.',
      remedy: 'Do.',
    }),
    http,
    clock: {
      elapsed: () => 0,
      now: () => now,
      sleep: async () => undefined,
      every: () => () => undefined,
    },
    signal,
  });
  return {
    requests,
    get: (url = blob) => port.request({ method: 'GET', url, timeoutMs: 1000, signal }),
    wait: (seconds: number) => (now += seconds * 1000),
    asked: () => requests.filter(({ url }) => url.includes('/token')),
  };
}

describe('a token', () => {
  it('is asked for with the scope of the repository and sent from then on', async () => {
    const { get, requests, asked } = setUp({});
    expect(await text((await get()).body)).toBe('bytes');
    await get();
    expect(requests.map(({ url }) => new URL(url).pathname.split('/')[1])).toEqual([
      'v2',
      'token',
      'v2',
      'v2',
    ]);
    expect(asked()[0]?.url).toBe(
      'https://auth.example.com/token?service=s&scope=repository%3Ateam%2Ftiny%3Apull',
    );
    expect(asked()[0]?.headers).not.toHaveProperty('Authorization');
  });

  it('is asked for with the credentials where there are some', async () => {
    const { get, asked } = setUp({ credentials: me });
    expect((await get()).status).toBe(200);
    expect(asked()[0]?.headers?.['Authorization']).toBe(basicHeader);
  });

  it('is asked for in a form where the credentials are a token themselves', async () => {
    const { get, asked } = setUp({ credentials: { kind: 'refresh', token: 'r&=' } });
    expect((await get()).status).toBe(200);
    expect(asked()[0]).toMatchObject({
      method: 'POST',
      url: 'https://auth.example.com/token',
      body: matching('grant_type=refresh_token&client_id=modelctl&refresh_token=r%26%3D'),
    });
  });

  it('is replaced before it ends, and once when it is refused earlier', async () => {
    let admitted = 'Bearer t1';
    const { get, wait, asked, requests } = setUp({ admits: (sent) => sent === admitted });
    await get();
    wait(96);
    admitted = 'Bearer t2';
    await get();
    expect(asked()).toHaveLength(2);
    expect(requests).toHaveLength(5);
    admitted = 'Bearer t3';
    expect((await get()).status).toBe(200);
    expect(asked()).toHaveLength(3);
  });

  it('is asked for once by all who want it at the same time', async () => {
    const { get, asked } = setUp({});
    const answers = await Promise.all(Array.from({ length: 16 }, () => get()));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 200));
    expect(asked()).toHaveLength(1);
  });

  it.each([
    'https://cdn.example.com/v2/team/tiny/blobs/x',
    'https://registry.example.com:8443/v2/team/tiny/blobs/x',
    'http://registry.example.com/v2/team/tiny/blobs/x',
    'https://registry.example.com/store/x?signature=s',
  ])('is not sent to %s', async (url) => {
    const { get, requests } = setUp({});
    await get();
    await get(url);
    expect(requests.at(-1)?.url).toBe(url);
    expect(requests.at(-1)?.headers).toBeUndefined();
  });

  it('that does not help is a refusal, not a loop', async () => {
    const { get, requests } = setUp({ credentials: me, admits: () => false });
    const problem = await problemFrom(get());
    expect(problem).toMatchObject({
      code: 'source/unauthorized',
      retry: 'never',
      detail: matching('registry.example.com does not let team/tiny be read'),
      remedy: 'Do.',
    });
    expect(problem.detail).toContain('About.');
    expect(JSON.stringify(problem)).not.toContain('hunter2');
    expect(requests).toHaveLength(3);
  });

  it.each([
    ['nothing', '{}'],
    ['no JSON', '<html>'],
    ['a header of its own', JSON.stringify({ token: 'x\r\nHost: evil' })],
    ['no text', JSON.stringify({ token: 7 })],
    ['too much', JSON.stringify({ token: 'x'.repeat(70_000) })],
  ])('that is %s is none', async (_, body) => {
    const { get } = setUp({ token: () => answer(200, {}, body) });
    expect((await problemFrom(get())).code).toBe('source/unauthorized');
  });

  it('may come later when the realm is busy', async () => {
    const { get } = setUp({ token: () => answer(503) });
    expect(await problemFrom(get())).toMatchObject({ retry: 'later' });
  });
});

describe('a realm', () => {
  it.each([
    ['http://auth.example.com/token', /leaves https/],
    ['https://127.0.0.1/token', /this machine/],
    ['https://me:x@auth.example.com/token', /user name or password/],
    ['file:///token', /neither/],
    ['token', /no address/],
  ])('at %s is not asked, and sees no credentials', async (realm, detail) => {
    const { get, requests } = setUp({ credentials: me, challenge: `Bearer realm="${realm}"` });
    expect(await problemFrom(get())).toMatchObject({
      code: 'source/unauthorized',
      detail: matching(detail),
    });
    expect(requests).toHaveLength(1);
  });

  it('on another host is not asked where that is not the custom', async () => {
    const { get, requests } = setUp({ realms: 'own-host' });
    expect((await problemFrom(get())).detail).toContain('not its own address');
    expect(requests).toHaveLength(1);
  });

  it('that redirects to another host does not hand on the credentials', async () => {
    const away = answer(307, { location: 'https://evil.example/steal' });
    const { get, requests } = setUp({ credentials: me, token: () => away });
    await problemFrom(get());
    expect(requests.at(-1)?.url).toBe('https://evil.example/steal');
    expect(requests.at(-1)?.headers).not.toHaveProperty('Authorization');
  });
});

describe('credentials', () => {
  it('are sent as they are where the registry asks for them', async () => {
    const { get, requests } = setUp({
      credentials: me,
      challenge: 'Basic realm="registry"',
      admits: (sent) => sent === basicHeader,
    });
    expect((await get()).status).toBe(200);
    expect(requests[0]?.headers).toBeUndefined();
  });

  it('that are a token are sent without asking a realm', async () => {
    const { get, asked } = setUp({
      credentials: { kind: 'bearer', token: 'mine' },
      admits: (sent) => sent === 'Bearer mine',
    });
    expect((await get()).status).toBe(200);
    expect(asked()).toHaveLength(0);
  });

  it.each(['Basic realm="x"', 'Negotiate', '', 'Bearer service="s"'])(
    'that are wanted and not there are a refusal (%j)',
    async (challenge) => {
      const { get } = setUp({ challenge });
      expect(await problemFrom(get())).toMatchObject({ code: 'source/unauthorized' });
    },
  );
});
