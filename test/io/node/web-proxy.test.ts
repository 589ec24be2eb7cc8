import { expect, it } from 'vitest';
import { proxyOf } from '../../../src/io/node/web-proxy.ts';

const over = (address: string, variables: Readonly<Record<string, string>>): string | null =>
  proxyOf(new URL(address), undefined, (name) => variables[name])?.url.host ?? null;

const both = { HTTPS_PROXY: 'http://secure.example:1', HTTP_PROXY: 'http://plain.example:2' };

it.each([
  ['https://a.example', both, 'secure.example:1'],
  ['http://a.example', both, 'plain.example:2'],
  ['https://a.example', { ...both, https_proxy: 'lower.example:3' }, 'lower.example:3'],
  ['https://a.example', { ALL_PROXY: 'http://any.example:4' }, 'any.example:4'],
  ['https://a.example', { HTTPS_PROXY: '' }, null],
  ['https://localhost', both, null],
  ['https://[::1]:9', both, null],
  ['https://a.example', { ...both, NO_PROXY: '*' }, null],
  ['https://a.example', { ...both, NO_PROXY: 'b.example, a.example' }, null],
  ['https://x.a.example', { ...both, NO_PROXY: 'a.example' }, null],
  ['https://x.a.example', { ...both, no_proxy: '.a.example' }, null],
  ['https://xa.example', { ...both, NO_PROXY: 'a.example' }, 'secure.example:1'],
  ['https://a.example:8443', { ...both, NO_PROXY: 'a.example:443' }, 'secure.example:1'],
  ['https://a.example', { ...both, NO_PROXY: 'a.example:443' }, null],
  ['https://10.1.2.3', { ...both, NO_PROXY: '10.0.0.0/8' }, null],
  ['https://11.1.2.3', { ...both, NO_PROXY: '10.0.0.0/8' }, 'secure.example:1'],
  ['https://[fd00::1]', { ...both, NO_PROXY: 'fd00::/8' }, null],
  ['https://[fd00::1]', { ...both, NO_PROXY: 'fd00::1' }, null],
])('reaches %s with %j over %s', (address, variables, proxy) => {
  expect(over(address, variables)).toBe(proxy);
});

it('says of a proxy that cannot be used where it stands, not what it is', () => {
  const variables = { HTTPS_PROXY: 'socks5://user:secret@proxy.example' };
  expect(() => over('https://a.example', variables)).toThrow(
    'HTTPS_PROXY is one of socks5://, and only http and https are spoken',
  );
});

it('keeps the credentials apart from the address', () => {
  const get = (): string => 'http://user:p%40ss@proxy.example:3128/';
  expect(
    proxyOf(new URL('https://a.example'), undefined, (name) =>
      name === 'HTTPS_PROXY' ? get() : undefined,
    ),
  ).toEqual({
    url: new URL('http://proxy.example:3128'),
    authorization: `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
  });
});
