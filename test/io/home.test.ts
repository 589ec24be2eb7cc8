import { expect, it } from 'vitest';
import { homeOf } from '../../src/io/home.ts';
import type { Environment } from '../../src/io/io.ts';

const environment = (
  platform: string,
  variables: Readonly<Record<string, string>> = {},
): Environment => ({
  get: (name) => variables[name],
  hostname: 'box',
  homeFolder: platform === 'win32' ? 'C:\\Users\\ann' : '/home/ann',
  workingFolder: platform === 'win32' ? 'D:\\work' : '/srv/dir',
  platform,
});

it.each([
  ['linux', {}, '/home/ann/.local/state/modelctl', '/home/ann/.cache/modelctl'],
  [
    'darwin',
    {},
    '/home/ann/Library/Application Support/modelctl',
    '/home/ann/Library/Caches/modelctl',
  ],
  [
    'win32',
    {},
    'C:\\Users\\ann\\AppData\\Local\\modelctl\\state',
    'C:\\Users\\ann\\AppData\\Local\\modelctl\\cache',
  ],
  [
    'win32',
    { LOCALAPPDATA: 'E:\\local' },
    'E:\\local\\modelctl\\state',
    'E:\\local\\modelctl\\cache',
  ],
  ['linux', { XDG_STATE_HOME: '/s', XDG_CACHE_HOME: '/c' }, '/s/modelctl', '/c/modelctl'],
  ['darwin', { XDG_STATE_HOME: '/s' }, '/s/modelctl', '/home/ann/Library/Caches/modelctl'],
  ['linux', { XDG_STATE_HOME: '' }, '/home/ann/.local/state/modelctl', '/home/ann/.cache/modelctl'],
  ['linux', { MODELCTL_HOME: '/m', XDG_STATE_HOME: '/s' }, '/m/state', '/m/cache'],
  ['win32', { MODELCTL_HOME: 'E:\\m' }, 'E:\\m\\state', 'E:\\m\\cache'],
])('knows the folders on %s with %j', (platform, variables, state, cache) => {
  expect(homeOf(environment(platform, variables))).toEqual({ state, cache });
});

it('reads a relative MODELCTL_HOME from the working folder', () => {
  const home = homeOf(environment('linux', { MODELCTL_HOME: '../here' }));
  expect(home).toEqual({ state: '/srv/here/state', cache: '/srv/here/cache' });
});

it('ignores a relative XDG folder, as its specification says', () => {
  const home = homeOf(environment('linux', { XDG_STATE_HOME: 'relative', XDG_CACHE_HOME: './c' }));
  expect(home).toEqual({
    state: '/home/ann/.local/state/modelctl',
    cache: '/home/ann/.cache/modelctl',
  });
});

it('does not ask for the home folder when it needs none', () => {
  const homeless = {
    ...environment('linux', { MODELCTL_HOME: '/m' }),
    get homeFolder(): string {
      throw new Error('no home');
    },
  };
  expect(homeOf(homeless)).toEqual({ state: '/m/state', cache: '/m/cache' });
});
