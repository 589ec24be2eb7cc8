// The life of the engine process, as its clients see it: started once, found again, stopped, killed.
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  engineStart,
  engineStatus,
  engineStop,
  ensureEngine,
} from '../../../src/backends/embedded/control.ts';
import { findEngine } from '../../../src/backends/embedded/find.ts';
import { type Place, placeOf } from '../../../src/backends/embedded/place.ts';
import { ProblemError } from '../../../src/core/problem.ts';
import type { EngineState } from '../../../src/engine/protocol.ts';
import { isOlder } from '../../../src/engine/version.ts';
import { ask, createHome, embeddedOn, type Home, ioAt, small, until } from '../../engine/home.ts';

const homes: Home[] = [];
afterEach(async () => {
  for (const home of homes.splice(0)) await home.cleanUp();
}, 60_000);

async function newHome(): Promise<Home & { readonly place: Place }> {
  const home = await createHome();
  homes.push(home);
  return { ...home, place: await placeOf(home.io, null) };
}

const stateOf = async ({ folder }: Place): Promise<EngineState> =>
  JSON.parse(await readFile(join(folder, 'engine.json'), 'utf8')) as EngineState;

const changeState = async ({ folder }: Place, change: Partial<EngineState>): Promise<void> => {
  const state = { ...(await stateOf({ folder } as Place)), ...change };
  await writeFile(join(folder, 'engine.json'), JSON.stringify(state));
};

describe('starting', () => {
  test('leaves a state file that only its owner can read, and takes it away at the end', async () => {
    const home = await newHome();
    expect(await engineStatus(home)).toMatchObject([{ state: 'stopped', url: null, status: null }]);
    const report = await engineStart(home);
    expect(report).toMatchObject({ state: 'running', problem: null });
    const file = join(home.place.folder, 'engine.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const { token, pid } = await stateOf(home.place);
    expect(JSON.stringify([report, await engineStatus(home)])).not.toContain(token);
    expect(await engineStop(home)).toBe(1);
    expect(home.io.processes.isAlive(pid)).toBe(false);
    await expect(stat(file)).rejects.toThrow('ENOENT');
    expect(await engineStop(home)).toBe(0);
    expect(await readFile(home.place.logFile, 'utf8')).not.toContain(token);
  });

  test('is refused where nothing can be written', async () => {
    const home = await newHome();
    const folder = join(home.place.logFile, '..', '..');
    await mkdir(join(folder, '..'), { recursive: true });
    await writeFile(folder, 'a file, no folder');
    await expect(engineStart(home)).rejects.toMatchObject({
      problem: { code: 'engine/folder-unusable', retry: 'never' },
    });
  });

  test('by several at once, in this process and others, makes one engine', async () => {
    const home = await newHome();
    const module = new URL('../../../src/backends/embedded/control.ts', import.meta.url).href;
    const ports = new URL('../../../src/io/node.ts', import.meta.url).href;
    const program = `
      const { engineStart } = await import('${module}');
      const { createNodeIo } = await import('${ports}');
      const { status } = await engineStart({ io: createNodeIo(), signal: new AbortController().signal });
      console.log(status.pid);
    `;
    const others = [1, 2, 3].map(() => output(program, home.folder));
    const [first, second] = await Promise.all([engineStart(home), engineStart(home)]);
    const pid = first.status?.pid;
    expect(second.status?.pid).toBe(pid);
    expect((await Promise.all(others)).map((text) => text.trim())).toEqual(
      Array(3).fill(String(pid)),
    );
  }, 60_000);

  test('leaves no engine behind that nobody can find any more', async () => {
    const home = await newHome();
    const { state } = await ensureEngine(home.place, home);
    await rm(home.place.folder, { recursive: true });
    await until(() => !home.io.processes.isAlive(state.pid));
  }, 60_000);

  test('again finds the engine that runs', async () => {
    const home = await newHome();
    const first = await ensureEngine(home.place, home);
    const second = await ensureEngine(home.place, { ...home, io: ioAt(home.folder) });
    expect(second.state).toEqual(first.state);
  });

  test('one store beside another makes an engine for each, and stopping stops both', async () => {
    const home = await newHome();
    const other = await placeOf(home.io, join(home.folder, 'elsewhere'));
    const engines = [await ensureEngine(home.place, home), await ensureEngine(other, home)];
    expect(new Set(engines.map(({ state }) => state.pid)).size).toBe(2);
    expect((await engineStatus(home)).map((one) => one.status?.store)).toEqual([
      home.place.store,
      other.store,
    ]);
    expect(await engineStop(home)).toBe(2);
  });
});

describe('an engine that was killed', () => {
  test('is seen as stopped at once, and starts again', async () => {
    const home = await newHome();
    await home.store('one', await home.model({ says: 'rolled out version one' }));
    const backend = await embeddedOn(home.io);
    const question = { detailsOf: new Set<string>(), remembered: new Map(), wanted: new Map() };
    const loadedNow = async () => {
      const seen = await backend.observe(question, home);
      return seen.kind === 'reachable' ? seen.placements.get('one')?.loaded : seen;
    };
    const engine = await home.start();
    await ask(engine, '/api/load', { name: 'one', load: { ...small, keepAliveMs: 'forever' } });
    expect(await loadedNow()).toMatchObject({ expiresAt: 'never' });
    const { pid } = await stateOf(home.place);
    const child = (await home.running('one'))?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await until(() => !home.io.processes.isAlive(pid));
    expect(await loadedNow()).toBeNull();
    // Its models do not outlive it.
    await until(() => !home.io.processes.isAlive(child));
    const next = await ensureEngine(home.place, home);
    expect(next.state.pid).not.toBe(pid);
  });

  test('is not mistaken for another process with its number', async () => {
    const home = await newHome();
    await home.start();
    await engineStop(home);
    const state = {
      pid: process.pid,
      start: 'another-start',
      port: 1,
      token: 't',
      version: '0',
      store: '/',
    };
    await writeFile(join(home.place.folder, 'engine.json'), JSON.stringify(state));
    expect(await findEngine(home.place, home)).toEqual({ kind: 'stopped' });
    expect(await engineStop(home)).toBe(0);
  });

  test('in the middle of its state file is no engine', async () => {
    const home = await newHome();
    await home.io.files.makeFolder(home.place.folder);
    await writeFile(join(home.place.folder, 'engine.json'), '{"pid": 12');
    expect(await findEngine(home.place, home)).toEqual({ kind: 'stopped' });
  });
});

describe('an engine that does not answer', () => {
  test('is told as such, makes the backend unreachable, and can be stopped', async () => {
    const home = await newHome();
    const { state } = await ensureEngine(home.place, home);
    // Nothing listens there.
    await changeState(home.place, { port: 1 });
    expect(await findEngine(home.place, home)).toMatchObject({
      kind: 'unresponsive',
      problem: { code: 'engine/unresponsive', retry: 'later' },
    });
    await expect(ensureEngine(home.place, home)).rejects.toBeInstanceOf(ProblemError);
    const backend = await embeddedOn(home.io);
    const question = { detailsOf: new Set<string>(), remembered: new Map(), wanted: new Map() };
    expect(await backend.observe(question, home)).toMatchObject({
      kind: 'unreachable',
      problem: { code: 'engine/unresponsive' },
    });
    expect(await engineStop(home)).toBe(1);
    expect(home.io.processes.isAlive(state.pid)).toBe(false);
  });

  test('not even to a wish to stop is killed in the end', async () => {
    const home = await newHome();
    const { state } = await ensureEngine(home.place, home);
    await changeState(home.place, { port: 1 });
    process.kill(state.pid, 'SIGSTOP');
    // Time is short for the one who waits, so that the test need not.
    const now = (): number => Date.now() * 50;
    const clock = { ...home.io.clock, now, sleep: (ms: number) => home.io.clock.sleep(ms) };
    expect(await engineStop({ ...home, io: { ...home.io, clock } })).toBe(1);
    await until(() => !home.io.processes.isAlive(state.pid));
  });
});

describe('an engine of an older release', () => {
  test('is replaced while nobody uses it, and what it had in memory is loaded again', async () => {
    const home = await newHome();
    await home.store('one', await home.model({ says: 'rolled out version one' }));
    const engine = await home.start();
    await ask(engine, '/api/load', { name: 'one', load: { ...small, keepAliveMs: 'forever' } });
    await changeState(home.place, { version: '0.0.1' });
    const { pid } = await stateOf(home.place);
    const next = await ensureEngine(home.place, home);
    expect(next.state.pid).not.toBe(pid);
    expect(isOlder('0.0.1', next.state.version)).toBe(true);
    expect(await home.running('one')).toMatchObject({
      load: small,
      holds: [{ name: 'one', expiresAt: 'never' }],
    });
  });

  test('goes on while it is in use', async () => {
    const home = await newHome();
    await home.store('one', await home.model({ says: 'rolled out version one' }));
    const engine = await home.start();
    await ask(engine, '/api/load', { name: 'one', load: small });
    const child = (await home.running('one'))?.pid ?? 0;
    process.kill(child, 'SIGSTOP');
    const messages = [{ role: 'user', content: 'x' }];
    const answer = ask(engine, '/v1/chat/completions', { model: 'one', messages });
    await until(async () => (await home.running('one'))?.inFlight === 1);
    await changeState(home.place, { version: '0.0.1' });
    expect((await ensureEngine(home.place, home)).state.pid).toBe((await stateOf(home.place)).pid);
    process.kill(child, 'SIGCONT');
    expect((await answer).status).toBe(200);
  });

  test.each([
    ['0.1.0', '0.2.0', true],
    ['0.10.0', '0.9.9', false],
    ['1.0.0', '1.0.0', false],
    ['1.0.0-rc.1', '1.0.1', true],
    ['nonsense', '1.0.0', false],
  ])('is told by its number: %s is older than %s: %s', (release, than, older) => {
    expect(isOlder(release, than)).toBe(older);
  });
});

/** What a program prints that runs with a home of its own. */
function output(program: string, home: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, MODELCTL_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return child.stdout.toArray().then((parts) => parts.map(String).join(''));
}
