// Docker's credential helpers, as programs on the PATH that do what real ones do, and worse.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { dockerCredentials } from '../../../src/artifacts/distribution/docker-config.ts';
import { createWorld, matching } from '../world.ts';

const host = 'registry.example.com:5000';
const ghost = "{ echo 'credentials not found in native keychain'; exit 1; }";
const answering = (username: string): string =>
  `echo '{"ServerURL":"x","Username":"${username}","Secret":"hunter2"}'`;

/** Helpers by name, each a shell script that has what it was asked in $address. */
function setUp(config: unknown, helpers: Readonly<Record<string, string>>) {
  const { io, folder } = createWorld();
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  for (const [name, script] of Object.entries(helpers)) {
    const path = join(programs, `docker-credential-${name}`);
    const asked = join(folder, 'asked');
    writeFileSync(
      path,
      `#!/bin/sh\naddress=$(cat)\necho "$* $address" >> "${asked}"\necho hunter2 >&2\n${script}\n`,
    );
    chmodSync(path, 0o755);
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  vi.stubEnv('PATH', `${programs}${delimiter}${process.env['PATH'] ?? ''}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const environment = {
    ...io.environment,
    get: (name: string) => (name === 'DOCKER_CONFIG' ? folder : undefined),
  };
  return {
    folder,
    asked: () =>
      existsSync(join(folder, 'asked')) ? readFileSync(join(folder, 'asked'), 'utf8') : '',
    lookUp: (of = host, signal = AbortSignal.timeout(15_000)) =>
      dockerCredentials(of, { ...io, environment })(signal),
  };
}

describe('a credential helper', () => {
  it('is asked for the registry, by its standard input alone', async () => {
    const world = setUp({ credsStore: 'box' }, { box: answering('me') });
    const known = await world.lookUp();
    expect(known.credentials).toEqual({ kind: 'basic', username: 'me', password: 'hunter2' });
    expect(known.about).not.toContain('hunter2');
    expect(world.asked()).toBe(`get ${host}\n`);
  });

  it.each(['registry-1.docker.io', 'docker.io'])(
    'knows Docker Hub by its old address (%s)',
    async (name) => {
      const world = setUp({ credHelpers: { 'docker.io': 'box' } }, { box: answering('me') });
      expect((await world.lookUp(name)).credentials).toMatchObject({ username: 'me' });
      expect(world.asked()).toBe('get https://index.docker.io/v1/\n');
    },
  );

  it('may keep a token to get tokens with', async () => {
    const world = setUp({ credsStore: 'box' }, { box: answering('<token>') });
    expect((await world.lookUp()).credentials).toEqual({ kind: 'refresh', token: 'hunter2' });
  });

  it('for the registry alone comes before what the file holds, one for all of them after', async () => {
    const auths = { [host]: { username: 'filed', password: 'x' } };
    const helpers = { box: answering('kept') };
    const own = setUp({ auths, credHelpers: { [host]: 'box' } }, helpers);
    expect((await own.lookUp()).credentials).toMatchObject({ username: 'kept' });
    const common = setUp({ auths, credsStore: 'box' }, helpers);
    expect((await common.lookUp()).credentials).toMatchObject({ username: 'filed' });
  });

  it('that has none means that anyone asks', async () => {
    const known = await setUp({ credsStore: 'box' }, { box: ghost }).lookUp();
    expect(known).toMatchObject({ credentials: null, about: matching('docker has none for it') });
  });

  it.each([
    ['is not there', '', /docker-credential-other, which is not on the PATH/],
    ['fails', 'echo hunter2; exit 3', /failed with exit code 3/],
    ['makes no sense', 'echo hunter2', /answered with something else/],
    ['has no secret', 'echo \'{"Username":"me","Secret":""}\'', /answered with something else/],
    ['does not end', 'yes hunter2', /answered with too much/],
    ['is killed', 'kill -9 $$', /failed with exit code none/],
  ])(
    'that %s leaves us nobody, and the reason is said without a secret',
    async (what, script, about) => {
      const helper = what === 'is not there' ? 'other' : 'box';
      const known = await setUp({ credsStore: helper }, { box: script }).lookUp();
      expect(known).toMatchObject({ credentials: null, about: matching(about) });
      expect(JSON.stringify(known)).not.toContain('hunter2');
    },
  );

  it.each(['../box', 'box;true', 'a b', '/bin/sh', ''])('called %j is not run', async (name) => {
    const world = setUp({ credsStore: name }, { box: answering('me') });
    expect((await world.lookUp()).credentials).toBeNull();
    expect(world.asked()).toBe('');
  });

  it('that hangs ends with the work that asked, and so does what it started', async () => {
    const world = setUp({ credsStore: 'box' }, { box: 'sleep 30' });
    const stop = new AbortController();
    const looking = world.lookUp(host, stop.signal);
    await vi.waitFor(() => expect(world.asked()).not.toBe(''), { timeout: 10_000 });
    stop.abort(new Error('enough'));
    await expect(looking).rejects.toThrow('enough');
  });
});
