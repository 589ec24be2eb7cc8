// What a machine makes of a lock that moved, and of one that was taken back in git: `git revert` is
// rollback, also when nobody serves the old version under its tag any more.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundle } from '../../src/bundle.ts';
import { parseLock } from '../../src/resolve/lock-file.ts';
import { restore } from '../../src/restore.ts';
import { update } from '../../src/update.ts';
import { canRun } from '../fakes/real-server.ts';
import {
  actionsOf,
  createMachine,
  heldOf,
  type Machine,
  modelDocument,
  ollamaUrl,
  served,
  source,
} from '../machine.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});

afterEach(() => machine.remove());

const context = () => ({ io: machine.io, signal: AbortSignal.timeout(15_000) });
const inputs = () => [`${machine.folder}/models.yaml`];
const runUpdate = () => update({ inputs: inputs() }, context());

const lockText = () => machine.read('models.lock.yaml');
const entriesOf = (text: string) => {
  const parsed = parseLock(text, 'models.lock.yaml');
  if (!parsed.ok) throw new Error(parsed.problems[0]?.detail);
  return new Map(parsed.value.entries.map((one) => [one.model, one]));
};

const chat = modelDocument('chat', source('chat:v1'));
const file = modelDocument('file', 'source: file://./model.gguf');

describe.runIf(canRun('git'))('the machine after an update', () => {
  const who = ['-c', 'user.name=tester', '-c', 'user.email=tester@example.org'];
  /** Whatever the person who runs the tests has set for git. */
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...words: readonly string[]): string =>
    execFileSync('git', [...who, ...words], { cwd: machine.folder, env, encoding: 'utf8' });
  const commit = (message: string): void => {
    git('add', 'models.yaml', 'models.lock.yaml');
    git('commit', '-qm', message);
  };

  /** What the engines hold, by name. */
  const digests = async (): Promise<readonly string[]> => {
    const { observed } = await machine.plan();
    return [...(observed?.backends.values() ?? [])].flatMap((backend) =>
      backend.kind === 'reachable'
        ? [...backend.placements].map(([name, { digest }]) => `${name} ${digest}`).toSorted()
        : [],
    );
  };

  /** A source that floats, the engine that it goes to, and what it serves at one address. */
  interface Floating {
    readonly what: string;
    readonly manifest: string;
    readonly isOllamaDown?: true;
    readonly serve: (version: 'one' | 'two') => void;
  }
  const writeFile = (version: 'one' | 'two'): void =>
    machine.write('model.gguf', `GGUF ${version}, by ${version}`);
  const cases: readonly Floating[] = [
    {
      what: 'ollama:// on an Ollama',
      manifest: chat,
      serve: (version) => machine.publish('library/chat:v1', version),
    },
    { what: 'file:// on an Ollama', manifest: file, serve: writeFile },
    {
      what: 'file:// on the embedded engine',
      manifest: file,
      isOllamaDown: true,
      serve: writeFile,
    },
  ];

  it.each(cases)('takes what moved behind $what, once it is locked', async (one) => {
    machine.setDown(one.isOllamaDown ?? false);
    one.serve('one');
    machine.write('models.yaml', one.manifest);
    expect((await machine.apply()).exitCode).toBe(0);
    one.serve('two');
    expect(actionsOf(await machine.plan())).toEqual([]);
    await runUpdate();
    const applied = await machine.apply({ locked: true });
    expect([applied.exitCode, heldOf(applied)]).toEqual([0, []]);
    expect(applied.plan?.actions.map(({ reason }) => reason)).toContain('digest-drift');
    expect(actionsOf(await machine.plan({ locked: true }))).toEqual([]);
  });

  it.each(cases)('gets the old bytes of $what back by a git revert of the lock', async (one) => {
    machine.setDown(one.isOllamaDown ?? false);
    git('init', '-q');
    one.serve('one');
    machine.write('models.yaml', one.manifest);
    await machine.apply();
    commit('first');
    const locked = entriesOf(lockText());
    const held = await digests();
    expect(held.length).toBe(1);
    one.serve('two');
    await runUpdate();
    commit('update');
    await machine.apply();
    expect(await digests()).not.toEqual(held);
    git('revert', '--no-edit', 'HEAD');
    expect(entriesOf(lockText())).toEqual(locked);
    one.serve('one');
    expect(actionsOf(await machine.plan({ locked: true })).length).toBe(1);
    const back = await machine.apply({ locked: true });
    expect([back.exitCode, heldOf(back)]).toEqual([0, []]);
    expect(await digests()).toEqual(held);
    expect(actionsOf(await machine.plan({ locked: true }))).toEqual([]);
  });

  /** A place that has the old bytes when the registry has them no more. */
  interface Elsewhere {
    readonly where: string;
    /** While the old version is there. */
    readonly keep: () => Promise<unknown>;
    /** When it has to come back. */
    readonly bring?: () => Promise<unknown>;
  }
  const path = (): string => join(machine.folder, 'bundle');
  const places: readonly Elsewhere[] = [
    {
      where: 'another name of the same Ollama',
      keep: () => {
        const body = JSON.stringify({ source: served('chat:v1'), destination: 'kept:v1' });
        const url = `${ollamaUrl}/api/copy`;
        return machine.io.http.request({ method: 'POST', url, body, timeoutMs: 5000 });
      },
    },
    {
      where: 'a bundle that was made before',
      keep: () => bundle({ inputs: inputs(), path: path() }, context()),
      bring: () => restore({ path: path() }, context()),
    },
  ];

  /** The tag stands for the second version; the lock for the first again. */
  async function reverted(keep: () => Promise<unknown>): Promise<readonly string[]> {
    machine.remove();
    machine = createMachine({ hasStore: true });
    git('init', '-q');
    machine.publish('library/chat:v1', 'one');
    machine.write('models.yaml', chat);
    await machine.apply();
    commit('first');
    const held = await digests();
    await keep();
    machine.publish('library/chat:v1', 'two');
    await runUpdate();
    commit('update');
    await machine.apply();
    git('revert', '--no-edit', 'HEAD');
    return held;
  }
  const forgetOld = (): void => {
    const [locked] = entriesOf(lockText()).values();
    for (const { digest } of locked?.files ?? []) machine.ollama.registry.forget(digest);
  };

  it('comes back through files although the tag has moved, its blobs by digest', async () => {
    const held = await reverted(async () => undefined);
    expect(actionsOf(await machine.plan({ locked: true }))).toEqual([`pull ${served('chat:v1')}`]);
    const back = await machine.apply({ locked: true });
    expect([back.exitCode, back.changes?.entries.map(({ problem }) => problem)]).toEqual([
      0,
      [undefined],
    ]);
    expect(await digests()).toEqual(held);
    expect(machine.ollama.mutations().map((one) => one.path)).not.toContain('/api/pull');
    expect(actionsOf(await machine.plan({ locked: true }))).toEqual([]);
  });

  it.each(places)('comes back from $where when the registry has lost it', async (one) => {
    const held = await reverted(one.keep);
    forgetOld();
    await one.bring?.();
    const planned = await machine.plan({ locked: true });
    expect(planned.plan?.actions.map(({ bytes }) => bytes.download)).toEqual([0]);
    const back = await machine.apply({ locked: true });
    expect([back.exitCode, heldOf(back)]).toEqual([0, []]);
    expect(await digests()).toEqual(expect.arrayContaining([...held]));
    expect(actionsOf(await machine.plan({ locked: true }))).toEqual([]);
  });

  it('leaves the new version where the old one is nowhere', async () => {
    await reverted(async () => undefined);
    const before = await digests();
    forgetOld();
    const back = await machine.apply({ locked: true });
    expect(back.exitCode).toBe(6);
    expect(await digests()).toEqual(before);
  });
});
