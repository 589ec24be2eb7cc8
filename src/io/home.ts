// Where modelctl keeps what is its own: `state` (ledger, locks: must not be lost) and `cache` (can
// be fetched again). Pure: it makes no folder and asks no disk.
import { posix, win32 } from 'node:path';
import type { Environment } from './io.ts';

export interface Home {
  readonly state: string;
  readonly cache: string;
}

/**
 * Absolute folders. MODELCTL_HOME moves both together; else XDG_STATE_HOME and XDG_CACHE_HOME,
 * which count only when absolute, as their specification says; else the platform's own places.
 */
export function homeOf(environment: Environment): Home {
  const path = environment.platform === 'win32' ? win32 : posix;
  const home = environment.get('MODELCTL_HOME');
  if (home !== undefined && home !== '') {
    const folder = path.resolve(environment.workingFolder, home);
    return { state: path.join(folder, 'state'), cache: path.join(folder, 'cache') };
  }
  const absolute = (name: string): string | undefined => {
    const value = environment.get(name);
    return value !== undefined && path.isAbsolute(value) ? value : undefined;
  };
  const folder = (parent: string | undefined, usual: () => string): string =>
    parent === undefined ? usual() : path.join(parent, 'modelctl');
  const usual = usualHome(environment, absolute('LOCALAPPDATA'));
  return {
    state: folder(absolute('XDG_STATE_HOME'), () => usual().state),
    cache: folder(absolute('XDG_CACHE_HOME'), () => usual().cache),
  };
}

const usualHome = (environment: Environment, localAppData: string | undefined) => (): Home => {
  if (environment.platform === 'win32') {
    const local = localAppData ?? win32.join(environment.homeFolder, 'AppData', 'Local');
    return {
      state: win32.join(local, 'modelctl', 'state'),
      cache: win32.join(local, 'modelctl', 'cache'),
    };
  }
  const inHome = (...parts: readonly string[]): string =>
    posix.join(environment.homeFolder, ...parts, 'modelctl');
  return environment.platform === 'darwin'
    ? {
        state: inHome('Library', 'Application Support'),
        cache: inHome('Library', 'Caches'),
      }
    : { state: inHome('.local', 'state'), cache: inHome('.cache') };
};
