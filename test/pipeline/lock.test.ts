// What runs do to the lock: entries are added, never moved, and an entry that some Model still
// refers to is never lost, whatever keeps that Model from being served on this machine.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lock } from '../../src/lock.ts';
import { parseLock } from '../../src/resolve/lock-file.ts';
import {
  createMachine,
  documents,
  heldOf,
  hostDocument,
  type Machine,
  modelDocument,
  served,
  source,
  targetDocument,
} from '../machine.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
  machine.publish('library/chat:v1', 'one');
  machine.publish('library/chat:v2', 'two');
  machine.publish('library/code:v1', 'three');
});

afterEach(() => machine.remove());

const lockOf = (file = 'models.lock.yaml') => {
  const read = parseLock(machine.read(file), file);
  if (!read.ok) throw new Error(read.problems[0]?.detail);
  return read.value;
};
const revisionsOf = (file?: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    lockOf(file).entries.map((one) => [`${one.model} ${one.target} ${one.source}`, one.revision]),
  );

describe('an entry of the lock', () => {
  it('stays while its Model asks for something that the engine cannot do', async () => {
    machine.write('models.yaml', modelDocument('chat', source('chat:v1')));
    await machine.apply();
    const before = machine.read('models.lock.yaml');
    machine.write(
      'models.yaml',
      modelDocument('chat', source('chat:v1'), 'runtime: { parallel: 4 }'),
    );
    const held = await machine.apply();
    expect(heldOf(held)).toEqual(['chat:latest: unsupported']);
    expect(machine.read('models.lock.yaml')).toBe(before);
  });

  it('of an adapter stays when another machine applies', async () => {
    machine.remove();
    const text = documents(
      hostDocument('box'),
      hostDocument('laptop'),
      targetDocument('box'),
      modelDocument(
        'chat',
        source('chat:v1'),
        'targets: [box]',
        'derive: { adapters: [file://./lora.gguf] }',
      ),
    );
    machine = createMachine({ hostname: 'box' });
    machine.publish('library/chat:v1', 'one');
    machine.write('models.yaml', text);
    machine.write('lora.gguf', 'GGUF an adapter');
    await machine.apply();
    const before = machine.read('models.lock.yaml');
    expect(lockOf().entries).toHaveLength(2);
    await machine.apply({ host: 'laptop' });
    expect(machine.read('models.lock.yaml')).toBe(before);
  });

  it('is not lost to a part of the set that has another object of the same name', async () => {
    machine.write('all/a.yaml', modelDocument('chat', source('chat:v1')));
    machine.write('all/b.yaml', modelDocument('coder', source('code:v1')));
    await machine.apply({ inputs: [`${machine.folder}/all`] });
    machine.write(
      'all/a.yaml',
      documents(
        modelDocument('chat', source('chat:v1'), 'categories: [coder]'),
        'apiVersion: modelctl.dev/v1alpha1\nkind: Category\nmetadata: { name: coder }\nspec: { defaults: { residency: stored } }\n',
      ),
    );
    await machine.apply({ inputs: [`${machine.folder}/all/a.yaml`] });
    expect(lockOf('all/models.lock.yaml').entries.map(({ model }) => model)).toEqual([
      'chat',
      'coder',
    ]);
  });

  it('is shared by Models of one source, so that both get the same bytes', async () => {
    machine.write('models.yaml', modelDocument('one', source('chat:v1'), 'derive: { system: A. }'));
    await machine.apply();
    machine.publish('library/chat:v1', 'moved');
    machine.write(
      'models.yaml',
      documents(
        modelDocument('one', source('chat:v1'), 'derive: { system: A. }'),
        modelDocument('two', source('chat:v1'), 'derive: { system: B. }'),
      ),
    );
    const result = await machine.apply();
    expect(result.problems.map(({ code }) => code)).toEqual([]);
    expect(result.exitCode).toBe(0);
    expect(new Set(lockOf().entries.map(({ revision }) => revision)).size).toBe(1);
    expect(machine.names()).toContain('two:latest');
  });

  it('goes on under the new name of a Model that is renamed', async () => {
    machine.write('models.yaml', modelDocument('before', source('chat:v1')));
    await machine.apply();
    const [revision] = Object.values(revisionsOf());
    machine.publish('library/chat:v1', 'moved');
    machine.write('models.yaml', modelDocument('after', source('chat:v1')));
    const result = await machine.apply({ prune: true });
    expect(result.exitCode).toBe(0);
    expect(result.changes).toBeNull();
    expect(revisionsOf()).toEqual({ [`after - ollama://${served('chat:v1')}`]: revision });
  });
});

describe('with --locked', () => {
  it('the lock is neither made nor changed', async () => {
    machine.write('models.yaml', modelDocument('chat', source('chat:v1')));
    const refused = await machine.apply({ locked: true });
    expect(refused.exitCode).toBe(6);
    expect(Object.keys(machine.written()).filter((path) => path.endsWith('lock.yaml'))).toEqual([]);
    await machine.apply();
    const before = machine.read('models.lock.yaml');
    machine.write('models.yaml', modelDocument('chat', source('chat:v2')));
    const held = await machine.apply({ locked: true, prune: true });
    expect(held.exitCode).toBe(6);
    expect(machine.read('models.lock.yaml')).toBe(before);
    expect(machine.names()).toEqual([served('chat:v1')]);
  });
});

describe('a lock that cannot be written', () => {
  /** As on a read-only checkout, or a full disk; everything else can be written. */
  const refuseLock = (code: string): void => {
    const { files } = machine.io;
    const { writeAtomic } = files;
    vi.spyOn(files, 'writeAtomic').mockImplementation((path, ...rest) => {
      if (!path.endsWith('models.lock.yaml')) return writeAtomic(path, ...rest);
      return Promise.reject(Object.assign(new Error(code), { code }));
    });
  };

  it('has its additions kept aside, and none of them moves either', async () => {
    machine.write('models.yaml', modelDocument('chat', source('chat:v1')));
    await machine.apply();
    refuseLock('EROFS');
    const both = documents(
      modelDocument('chat', source('chat:v1')),
      modelDocument('coder', source('code:v1')),
    );
    machine.write('models.yaml', both);
    await machine.apply();
    machine.publish('library/code:v1', 'moved');
    const before = machine.written();
    const again = await machine.apply();
    expect(again.exitCode).toBe(0);
    expect(again.plan?.actions).toEqual([]);
    expect(machine.written()).toEqual(before);
    expect((await machine.apply({ locked: true })).exitCode).toBe(0);
    const inputs = [`${machine.folder}/models.yaml`];
    const context = { io: machine.io, signal: AbortSignal.timeout(15_000) };
    expect((await lock({ inputs, check: true }, context)).exitCode).toBe(0);
    expect(await lock({ inputs }, context)).toMatchObject({ exitCode: 0, written: false });

    machine.write('models.yaml', documents(both, modelDocument('more', source('chat:v2'))));
    await machine.apply();
    machine.publish('library/chat:v2', 'moved');
    expect((await machine.apply()).plan?.actions).toEqual([]);

    vi.restoreAllMocks();
    machine.write('models.yaml', documents(both));
    await machine.apply();
    expect(lockOf().entries.map(({ model }) => model)).toEqual(['chat', 'coder']);
    expect((await machine.apply()).plan?.actions).toEqual([]);
  });

  it('stops the run before anything is done, and says why', async () => {
    machine.write('models.yaml', modelDocument('chat', source('chat:v1')));
    refuseLock('ENOSPC');
    const result = await machine.apply();
    expect(result.problems.map(({ code }) => code)).toEqual(['lock/not-written']);
    expect(result.exitCode).toBe(3);
    expect(machine.ollama.mutations()).toEqual([]);
  });
});
