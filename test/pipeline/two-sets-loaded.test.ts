// Two sets over one model of which either keeps it in memory: it goes from there with the last.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  actionsOf,
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
  machine.publish('library/code:v1', 'three');
});

afterEach(() => machine.remove());

const code = modelDocument('coder', source('code:v1'));
const chat = (...spec: readonly string[]): string =>
  documents(modelDocument('chat', source('chat:v1'), ...spec), code);
const loaded = chat('residency: loaded');
const set = (name: string) => ({ inputs: [`${machine.folder}/${name}`], prune: true });
const declare = async (name: string, text: string) => {
  machine.write(`${name}/models.yaml`, text);
  return machine.apply(set(name));
};
const running = async () => {
  const { observed } = await machine.plan(set('one'));
  return [...(observed?.backends.values() ?? [])].flatMap((backend) =>
    backend.kind === 'reachable'
      ? [...backend.placements.values()]
          .filter((one) => one.loaded !== null)
          .map(({ name }) => name)
      : [],
  );
};

describe('what two sets keep in memory', () => {
  it('is unloaded when the second of them no longer keeps it there', async () => {
    await declare('one', loaded);
    await declare('two', loaded);
    expect(actionsOf(await declare('one', chat()))).toEqual([]);
    expect(actionsOf(await declare('two', chat()))).toEqual([`unload ${served('chat:v1')}`]);
    expect(await running()).toEqual([]);
    expect(actionsOf(await machine.plan(set('one')))).toEqual([]);
  });

  it('is unloaded by the one that gives up the name to the other', async () => {
    await declare('one', loaded);
    await declare('two', chat());
    const result = await declare('one', code);
    expect(heldOf(result)).toEqual([]);
    expect(await running()).toEqual([]);
    expect(machine.names()).toContain(served('chat:v1'));
    expect(actionsOf(await machine.plan(set('one')))).toEqual([]);
    expect(actionsOf(await machine.plan(set('two')))).toEqual([]);
  });

  it('stays when the one that gives up the name leaves it to one that keeps it there', async () => {
    await declare('one', loaded);
    await declare('two', loaded);
    expect(actionsOf(await declare('one', code))).toEqual([]);
    expect(await running()).toEqual([served('chat:v1')]);
    expect(actionsOf(await declare('two', chat()))).toEqual([`unload ${served('chat:v1')}`]);
  });
});
