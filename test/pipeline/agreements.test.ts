// What a person has agreed to: a saved plan, an eviction. Each holds for what was seen, no longer.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { placementKey } from '../../src/core/key.ts';
import { openLedger } from '../../src/record/ledger.ts';
import {
  createMachine,
  documents,
  heldOf,
  type Machine,
  modelDocument,
  served,
  source,
} from '../machine.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
  machine.publish('library/chat:v1', 'one');
  machine.publish('library/chat:v2', 'two');
  machine.publish('library/code:v1', 'three');
});

afterEach(() => machine.remove());

const other = modelDocument('other', source('code:v1'));

describe('a saved plan', () => {
  it('is refused also when somebody else has already done what it says', async () => {
    machine.write('models.yaml', modelDocument('chat', source('chat:v1')));
    const { plan } = await machine.plan();
    await machine.apply();
    const late = await machine.apply({ ...(plan && { expectedFingerprint: plan.fingerprint }) });
    expect(late.problems.map(({ code }) => code)).toEqual(['plan/stale']);
    expect(late.exitCode).toBe(6);
  });

  it('is another one when a name is to be given up to another set', async () => {
    machine.write('one/models.yaml', documents(modelDocument('chat', source('chat:v1')), other));
    machine.write('two/models.yaml', documents(modelDocument('chat', source('chat:v1')), other));
    const one = { inputs: [`${machine.folder}/one`], prune: true };
    await machine.apply(one);
    await machine.apply({ inputs: [`${machine.folder}/two`] });
    machine.write('one/models.yaml', other);
    const released = await machine.plan(one);
    await machine.apply({ inputs: [`${machine.folder}/one`], prune: true });
    expect((await machine.plan(one)).plan?.fingerprint).not.toBe(released.plan?.fingerprint);
  });
});

describe('an approval', () => {
  const approve = async (name: string): Promise<void> => {
    const path = `${machine.home}/state/ledger.db`;
    const ledger = await openLedger({ path, mode: 'write' }, machine.io);
    const entry = ledger.inventory().find((one) => one.name === name);
    if (entry === undefined) throw new Error(`${name} is not owned`);
    ledger.approve(placementKey(entry), 'somebody', 1);
    ledger.close();
  };
  const mine = (tag: string): string =>
    modelDocument('mine', source(tag), 'servedName: mine', 'lifecycle: { prune: Confirm }');

  it('lets go of what it was given for', async () => {
    machine.write('models.yaml', documents(mine('chat:v1'), other));
    await machine.apply();
    machine.write('models.yaml', other);
    expect(heldOf(await machine.apply({ prune: true }))).toEqual([
      `${served('chat:v1')}: needs-approval`,
      'mine:latest: needs-approval',
    ]);
    await approve('mine:latest');
    await approve(served('chat:v1'));
    expect((await machine.apply({ prune: true })).exitCode).toBe(0);
    expect(machine.names()).toEqual([served('code:v1')]);
  });

  it('does not outlive the content that it was given for', async () => {
    machine.write('models.yaml', documents(mine('chat:v1'), other));
    await machine.apply();
    await approve('mine:latest');
    machine.write('models.yaml', documents(mine('chat:v2'), other));
    await machine.apply();
    machine.write('models.yaml', other);
    const held = await machine.apply({ prune: true });
    expect(heldOf(held)).toContain('mine:latest: needs-approval');
    expect(machine.names()).toContain('mine:latest');
  });
});
