import { describe, expect, it } from 'vitest';
import { openRange } from '../../../src/artifacts/http/open-range.ts';
import { readOver } from '../../../src/artifacts/registries/remote-file.ts';
import { addressOn, type Route } from '../../../src/artifacts/registries/route.ts';
import type { Http } from '../../../src/io/io.ts';
import { createFakeClock } from '../../fakes/clock.ts';

const start = Date.UTC(2030, 0, 1);
const { signal } = new AbortController();

/** A hub that redirects to a signed address, which the store behind it honours for a while. */
function setUp(hosts: readonly string[]) {
  const clock = createFakeClock(start, 'manual');
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  let issued = 0;
  let expiredBelow = 0;
  const http: Http = {
    request: async ({ url, headers }) => {
      const { host, searchParams } = new URL(url);
      requests.push(host);
      authorizations.push(headers?.['Authorization']);
      const answer = (status: number, more: Readonly<Record<string, string>> = {}) => ({
        status,
        headers: more,
        body: once(),
      });
      if (host === 'empty.example') return answer(404);
      if (host === 'store.example') {
        const isGood = Number(searchParams.get('signature')) > expiredBelow;
        return isGood ? answer(206, { 'content-range': 'bytes 0-0/9' }) : answer(403);
      }
      issued += 1;
      return answer(302, { location: `https://store.example/blob?signature=${issued}` });
    },
  };
  const routes = hosts.map(
    (host): Route => ({ base: new URL(`https://${host}`), http, credentials: async () => null }),
  );
  const file = readOver(routes, clock, (route, part, redirects) =>
    openRange(route.http, {
      what: 'a file',
      url: addressOn(route, 'file'),
      ifMissing: 'Look elsewhere.',
      headers: { Authorization: 'Bearer token' },
      redirects,
      ...part,
    }),
  );
  const read = async (): Promise<void> => {
    const { bytes } = await file.read({ range: { start: 0, end: 0 }, signal });
    for await (const _ of bytes);
  };
  return { clock, requests, authorizations, read, expire: () => (expiredBelow = issued) };
}

async function* once(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
}

describe('a file that is read in parts', () => {
  it('costs one redirect, and no credentials beyond it', async () => {
    const world = setUp(['hub.example']);
    for (let part = 0; part < 300; part += 1) await world.read();
    expect(world.requests.filter((host) => host === 'hub.example')).toHaveLength(1);
    expect(world.requests).toHaveLength(301);
    expect(new Set(world.authorizations.slice(1))).toEqual(new Set([undefined]));
  });

  it('asks again when the signed address has expired', async () => {
    const world = setUp(['hub.example']);
    await world.read();
    world.expire();
    await world.read();
    await world.read();
    const [hub, store] = ['hub.example', 'store.example'];
    expect(world.requests).toEqual([hub, store, store, hub, store, store]);
    expect(world.authorizations[3]).toBe('Bearer token');
  });

  it('asks again after a while anyway', async () => {
    const world = setUp(['hub.example']);
    await world.read();
    await world.clock.advance(11 * 60_000);
    await world.read();
    expect(world.requests.filter((host) => host === 'hub.example')).toHaveLength(2);
  });

  it('stays with the mirror that has it', async () => {
    const world = setUp(['empty.example', 'hub.example']);
    for (let part = 0; part < 5; part += 1) await world.read();
    expect(world.requests.filter((host) => host === 'empty.example')).toHaveLength(1);
  });
});

describe('what a server calls a version', () => {
  /** A mirror, and a hub that redirects to a store; each has a name of its own for the same bytes. */
  function setUpVersions() {
    let isMirrorDown = false;
    const asked: (readonly [string, string | undefined])[] = [];
    const http: Http = {
      request: async ({ url, headers }) => {
        const { host } = new URL(url);
        asked.push([host, headers?.['If-Range']]);
        if (host === 'hub.example')
          return { status: 302, headers: { location: 'https://store.example/blob' }, body: once() };
        if (host === 'mirror.example' && isMirrorDown)
          return { status: 503, headers: {}, body: once() };
        const version = { 'content-range': 'bytes 0-0/9', etag: `"of-${host}"` };
        return { status: 206, headers: version, body: once() };
      },
    };
    const routes = ['mirror.example', 'hub.example'].map(
      (host): Route => ({ base: new URL(`https://${host}`), http, credentials: async () => null }),
    );
    const open = () =>
      readOver(routes, createFakeClock(start, 'manual'), (route, part, redirects) =>
        openRange(route.http, {
          what: 'a file',
          url: addressOn(route, 'file'),
          ifMissing: 'Look elsewhere.',
          redirects,
          ...part,
        }),
      );
    const goDown = () => (isMirrorDown = true);
    return { asked, open, goDown };
  }
  const range = { start: 0, end: 0 };

  it('is said to that server again, and to no other', async () => {
    const { asked, open, goDown } = setUpVersions();
    const { validator } = await open().read({ range, signal });
    if (validator === null) throw new Error('the mirror names its version');
    await open().read({ range, validator, signal });
    expect(asked.splice(0)).toEqual([
      ['mirror.example', undefined],
      ['mirror.example', '"of-mirror.example"'],
    ]);
    goDown();
    await open().read({ range, validator, signal });
    expect(asked.splice(0)).toEqual([
      ['mirror.example', '"of-mirror.example"'],
      ['hub.example', undefined],
      ['store.example', undefined],
    ]);
  });

  it('is that of the server that a redirect leads to, and is said where that is known', async () => {
    const { asked, open, goDown } = setUpVersions();
    goDown();
    const file = open();
    const { validator } = await file.read({ range, signal });
    expect(validator).toBe('https://store.example "of-store.example"');
    asked.length = 0;
    await file.read({ range, validator: validator ?? '', signal });
    await open().read({ range, validator: 'https://hub.example "before"', signal });
    expect(asked).toEqual([
      ['store.example', '"of-store.example"'],
      ['mirror.example', undefined],
      ['hub.example', '"before"'],
      ['store.example', undefined],
    ]);
  });
});
