// The whole pipeline on one machine with a fake Ollama: what a user sees from apply to apply.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseLock } from '../src/resolve/lock-file.ts';
import {
  actionsOf,
  createMachine,
  documents,
  heldOf,
  type Machine,
  modelDocument,
  served,
  source,
} from './machine.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
  machine.publish('library/chat:v1', 'one');
  machine.publish('library/chat:v2', 'two');
  machine.publish('library/code:v1', 'three');
});

afterEach(() => machine.remove());

const chat = (tag: string): string => modelDocument('chat', source(tag), 'residency: loaded');
const code = modelDocument(
  'coder',
  source('code:v1'),
  'aliases: [fast]',
  'derive: { system: Brief. }',
);

describe('apply', () => {
  it('pulls, derives, names and loads what is declared, and says which engine it chose', async () => {
    machine.write('models.yaml', documents(chat('chat:v1'), code));
    const result = await machine.apply();
    expect(result.exitCode).toBe(0);
    expect(result.engineChoice).toContain('answers');
    expect(machine.names()).toEqual([
      served('chat:v1'),
      served('code:v1'),
      'coder:latest',
      'fast:latest',
    ]);
    expect(result.changes?.entries.map(({ outcome }) => outcome)).not.toContain('failed');
  });

  it('does nothing, writes nothing and asks three questions the second time', async () => {
    machine.write('models.yaml', documents(chat('chat:v1'), code));
    await machine.apply();
    const before = machine.written();
    machine.ollama.log.length = 0;
    const again = await machine.apply();
    expect(actionsOf(again)).toEqual([]);
    expect(again.exitCode).toBe(0);
    expect(machine.ollama.log.map(({ path }) => path).toSorted()).toEqual([
      '/api/ps',
      '/api/tags',
      '/api/version',
    ]);
    expect(machine.written()).toEqual(before);
  });

  it('asks as few questions for a hundred models', async () => {
    const many = Array.from({ length: 100 }, (_, index) => {
      machine.publish(`library/many-${index}:v1`, `many ${index}`);
      return modelDocument(`many-${index}`, source(`many-${index}:v1`));
    });
    machine.write('models.yaml', documents(...many));
    await machine.apply();
    machine.ollama.log.length = 0;
    expect(actionsOf(await machine.apply())).toEqual([]);
    expect(machine.ollama.log.length).toBeLessThanOrEqual(5);
  });

  it('rolls an edit out and, when the edit is reverted, back', async () => {
    machine.write('models.yaml', chat('chat:v1'));
    await machine.apply();
    machine.write('models.yaml', chat('chat:v2'));
    expect(actionsOf(await machine.plan({ prune: true }))).toEqual([
      `pull ${served('chat:v2')}`,
      `unload ${served('chat:v1')}`,
      `load ${served('chat:v2')}`,
      `evict ${served('chat:v1')}`,
    ]);
    const rolledOut = await machine.apply({ prune: true });
    expect(rolledOut.exitCode).toBe(0);
    expect(machine.names()).toEqual([served('chat:v2')]);
    machine.write('models.yaml', chat('chat:v1'));
    expect((await machine.apply({ prune: true })).exitCode).toBe(0);
    expect(machine.names()).toEqual([served('chat:v1')]);
    expect(actionsOf(await machine.plan({ prune: true }))).toEqual([]);
  });

  it('keeps what left the set, lists it, and changes no exit code, until it is told to prune', async () => {
    machine.write('models.yaml', documents(chat('chat:v1'), code));
    await machine.apply();
    machine.write('models.yaml', chat('chat:v1'));
    const kept = await machine.apply();
    expect(kept.exitCode).toBe(0);
    expect(kept.plan?.leftovers.map(({ name }) => name).toSorted()).toEqual([
      served('code:v1'),
      'coder:latest',
      'fast:latest',
    ]);
    const pruned = await machine.apply({ prune: true });
    expect(pruned.exitCode).toBe(0);
    expect(machine.names()).toEqual([served('chat:v1')]);
    expect((await machine.plan({ prune: true })).plan?.leftovers).toEqual([]);
  });

  it('leaves alone what it finds under a wanted name, until that is taken over', async () => {
    machine.write('models.yaml', chat('chat:v1'));
    await machine.ollama.foreign.pull(served('chat:v1'));
    machine.publish('library/chat:v1', 'moved');
    const held = await machine.apply();
    expect(heldOf(held)).toEqual([`${served('chat:v1')}: conflict`]);
    expect(held.exitCode).toBe(6);
    const taken = await machine.apply({ takeOver: ['chat'] });
    expect(taken.exitCode).toBe(0);
    expect(actionsOf(await machine.plan())).toEqual([]);
  });

  it('adopts what is there with the locked digest, and prunes it only with approval', async () => {
    await machine.ollama.foreign.pull(served('code:v1'));
    machine.write(
      'models.yaml',
      documents(chat('chat:v1'), modelDocument('coder', source('code:v1'))),
    );
    await machine.apply();
    machine.write('models.yaml', chat('chat:v1'));
    const held = await machine.apply({ prune: true });
    expect(heldOf(held)).toEqual([`${served('code:v1')}: needs-approval`]);
    expect(held.exitCode).toBe(6);
    expect(machine.names()).toContain(served('code:v1'));
  });

  it('does not install what moved upstream after it was locked', async () => {
    machine.write('models.yaml', chat('chat:v1'));
    await machine.plan();
    await machine.apply();
    machine.ollama.foreign.remove(served('chat:v1'));
    machine.publish('library/chat:v1', 'moved');
    const result = await machine.apply();
    expect(heldOf(result)).toEqual([`${served('chat:v1')}: upstream-moved`]);
    expect(result.exitCode).toBe(6);
    expect(machine.names()).toEqual([]);
  });

  it('waits for the engine that it chose before, and does not move to another', async () => {
    machine.write('models.yaml', chat('chat:v1'));
    await machine.apply();
    machine.setDown(true);
    const held = await machine.apply();
    expect(heldOf(held)).toEqual([`${served('chat:v1')}: unreachable`]);
    expect(held.exitCode).toBe(3);
    machine.setDown(false);
    expect((await machine.apply()).exitCode).toBe(0);
  });

  it('loads again what a restart of the engine lost', async () => {
    machine.write('models.yaml', chat('chat:v1'));
    await machine.apply();
    machine.ollama.restart();
    const result = await machine.apply();
    expect(actionsOf(result)).toEqual([`load ${served('chat:v1')}`]);
    expect(result.exitCode).toBe(0);
  });

  it('refuses everything at once when the manifests declare nothing that can be read', async () => {
    machine.write('models.yaml', documents(chat('chat:v1'), code));
    await machine.apply();
    machine.write('models.yaml', '# nothing\n');
    const result = await machine.apply({ prune: true });
    expect(result.exitCode).toBe(1);
    expect(machine.names()).toHaveLength(4);
  });
});

describe('plan', () => {
  it('writes nothing and changes nothing', async () => {
    machine.write('models.yaml', documents(chat('chat:v1'), code));
    const before = machine.written();
    const result = await machine.plan();
    expect(actionsOf(result)).not.toEqual([]);
    expect(machine.written()).toEqual(before);
    expect(machine.ollama.mutations()).toEqual([]);
  });

  it('is refused as stale when the machine changed since it was saved', async () => {
    machine.write('models.yaml', chat('chat:v1'));
    const saved = await machine.plan();
    const fingerprint = saved.plan?.fingerprint;
    expect(fingerprint).toBeDefined();
    if (fingerprint === undefined) return;
    await machine.ollama.foreign.pull(served('chat:v1'));
    const stale = await machine.apply({ expectedFingerprint: fingerprint });
    expect(stale.exitCode).toBe(6);
    expect(stale.problems.map(({ code: one }) => one)).toContain('plan/stale');
    const fresh = await machine.plan();
    const again = fresh.plan?.fingerprint;
    if (again === undefined) return;
    expect((await machine.apply({ expectedFingerprint: again })).exitCode).toBe(0);
  });
});

describe('the set', () => {
  const lockOf = () => {
    const lock = parseLock(machine.read('models.lock.yaml'), 'models.lock.yaml');
    if (!lock.ok) throw new Error(lock.problems[0]?.detail);
    return lock.value;
  };

  it('is locked by the first apply, and an entry never moves', async () => {
    machine.write('models.yaml', documents(chat('chat:v1'), code));
    const result = await machine.apply();
    expect(result.lock).toMatchObject({ written: true, added: 2 });
    const before = machine.read('models.lock.yaml');
    machine.publish('library/chat:v1', 'moved');
    await machine.apply();
    expect(machine.read('models.lock.yaml')).toBe(before);
  });

  it('gets a new entry for an edited source, and loses the orphan in the same write', async () => {
    machine.write('models.yaml', documents(chat('chat:v1'), code));
    await machine.apply();
    const { set } = lockOf();
    machine.write('models.yaml', documents(chat('chat:v2'), code));
    await machine.apply();
    expect(lockOf().set).toBe(set);
    expect(
      lockOf()
        .entries.map((entry) => entry.source)
        .toSorted(),
    ).toEqual([`ollama://${served('chat:v2')}`, `ollama://${served('code:v1')}`]);
  });

  it('refuses with --locked what the lock does not name', async () => {
    machine.write('models.yaml', chat('chat:v1'));
    const result = await machine.apply({ locked: true });
    expect(result.problems.map((problem) => problem.code)).toEqual(['lock/unlocked']);
    expect(result.exitCode).toBe(6);
    expect(machine.ollama.mutations()).toEqual([]);
  });

  it('prunes nothing when only a part of it is given', async () => {
    machine.write('all/a.yaml', chat('chat:v1'));
    machine.write('all/b.yaml', code);
    const all = `${machine.folder}/all`;
    await machine.apply({ inputs: [all] });
    const part = await machine.apply({ inputs: [`${all}/a.yaml`], prune: true });
    expect(part.plan?.held.map(({ because }) => because)).toEqual([
      'partial-render',
      'partial-render',
      'partial-render',
    ]);
    expect(machine.names()).toHaveLength(4);
  });

  it('prunes what a deleted file declared when its folder is given', async () => {
    machine.write('all/a.yaml', chat('chat:v1'));
    machine.write('all/b.yaml', code);
    const all = `${machine.folder}/all`;
    await machine.apply({ inputs: [all] });
    const { rmSync } = await import('node:fs');
    rmSync(`${all}/b.yaml`);
    const result = await machine.apply({ inputs: [all], prune: true });
    expect(heldOf(result)).toEqual([]);
    expect(machine.names()).toEqual([served('chat:v1')]);
  });

  it('prunes nothing when it comes from another place, until that is confirmed', async () => {
    machine.write('models.yaml', documents(chat('chat:v1'), code));
    await machine.apply();
    machine.write('copy/models.yaml', chat('chat:v1'));
    machine.write('copy/models.lock.yaml', machine.read('models.lock.yaml'));
    const inputs = [`${machine.folder}/copy/models.yaml`];
    const held = await machine.apply({ inputs, prune: true });
    expect(new Set(held.plan?.held.map(({ because }) => because))).toEqual(
      new Set(['partial-render']),
    );
    const moved = await machine.apply({ inputs, prune: true, sameSet: true });
    expect(moved.exitCode).toBe(0);
    expect(machine.names()).toEqual([served('chat:v1')]);
  });

  it('shares a model with another set: the last one out prunes', async () => {
    machine.write(
      'one/models.yaml',
      documents(chat('chat:v1'), modelDocument('coder', source('code:v1'))),
    );
    machine.write('two/models.yaml', chat('chat:v1'));
    const one = [`${machine.folder}/one`];
    const two = [`${machine.folder}/two`];
    await machine.apply({ inputs: one });
    expect((await machine.apply({ inputs: two })).exitCode).toBe(0);
    machine.write('one/models.yaml', modelDocument('coder', source('code:v1')));
    const released = await machine.apply({ inputs: one, prune: true });
    expect(released.exitCode).toBe(0);
    expect(machine.names()).toContain(served('chat:v1'));
  });
});
