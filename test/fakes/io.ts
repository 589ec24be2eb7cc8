// A world in memory: the ports of src/io/io.ts without disk, network, processes or real time. It
// follows the same contract as the real one (test/io/files-contract.ts runs on both), counts what
// changes it, and can fail or stop at any of those changes.
import { AssertionError } from '../../src/core/assert.ts';
import type { Http, Io } from '../../src/io/io.ts';
import { createFakeClock, type FakeClock } from './clock.ts';
import { createFakeEffects, type FakeEffects } from './effects.ts';
import { createFakeFiles, type FakeFiles } from './files.ts';
import { createFakeProcesses, type FakeProcesses } from './processes.ts';
import { createFakeRandom } from './random.ts';

export interface FakeIo extends Io {
  readonly files: FakeFiles;
  readonly processes: FakeProcesses;
  readonly clock: FakeClock;
  /** Of files and processes together, in the order in which they happened. */
  readonly effects: FakeEffects;
  /** Read by `environment.get`; may be changed at any time. */
  readonly variables: Record<string, string>;
}

export interface FakeIoOptions {
  readonly seed?: number;
  /** Milliseconds since the epoch. */
  readonly now?: number;
  /** `auto`: waits pass as soon as everything waits; `manual`: only `clock.advance` moves time. */
  readonly time?: 'auto' | 'manual';
  readonly variables?: Readonly<Record<string, string>>;
  readonly hostname?: string;
  readonly platform?: string;
  readonly stdin?: string | Uint8Array;
  /** Default: none, and asking for one fails the test. */
  readonly http?: Http;
}

export const fakeStart = Date.UTC(2030, 0, 1);

export function createFakeIo(options: FakeIoOptions = {}): FakeIo {
  const clock = createFakeClock(options.now ?? fakeStart, options.time ?? 'auto');
  const effects = createFakeEffects();
  const variables: Record<string, string> = { ...options.variables };
  return {
    files: createFakeFiles({ clock, effects, stdin: options.stdin ?? '' }),
    http: options.http ?? noHttp,
    web: options.http ?? noHttp,
    processes: createFakeProcesses(effects),
    environment: {
      get: (name) => variables[name],
      hostname: options.hostname ?? 'workstation',
      homeFolder: '/home/user',
      workingFolder: '/home/user/models',
      platform: options.platform ?? 'linux',
    },
    clock,
    random: createFakeRandom(options.seed ?? 1),
    effects,
    variables,
  };
}

const noHttp: Http = {
  request: ({ method, url }) =>
    Promise.reject(new AssertionError(`${method} ${url}: this world has no network`)),
};
