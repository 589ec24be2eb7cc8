// Leaving a set: what goes with --prune, in one run, and what stays although it could go.
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
  machine.publish('library/chat:v2', 'two');
  machine.publish('library/code:v1', 'three');
});

afterEach(() => machine.remove());

const other = modelDocument('other', source('code:v1'));

describe('a Model that leaves while it is loaded', () => {
  it.each([
    ['with an alias', ['residency: loaded', 'aliases: [fast]']],
    ['derived', ['residency: loaded', 'derive: { system: Brief. }']],
    [
      'derived, with an alias',
      ['residency: loaded', 'derive: { system: Brief. }', 'aliases: [fast]'],
    ],
    [
      'derived with a context of its own',
      ['residency: loaded', 'runtime: { contextLength: 1024 }'],
    ],
  ])('%s, goes whole in one run', async (_, spec) => {
    machine.write(
      'models.yaml',
      documents(other, modelDocument('chat', source('chat:v1'), ...spec)),
    );
    expect((await machine.apply()).exitCode).toBe(0);
    machine.write('models.yaml', other);
    const result = await machine.apply({ prune: true });
    expect(heldOf(result)).toEqual([]);
    expect(result.exitCode).toBe(0);
    expect(machine.names()).toEqual([served('code:v1')]);
    expect(actionsOf(await machine.plan({ prune: true }))).toEqual([]);
  });
});

describe('what is still needed', () => {
  it('stays when a Model is renamed and the registry is down', async () => {
    machine.write('models.yaml', documents(other, modelDocument('before', source('chat:v1'))));
    await machine.apply();
    machine.write(
      'models.yaml',
      documents(
        other,
        modelDocument('after', 'source: ollama://registry.invalid/library/x:v1', 'servedName: y'),
      ),
    );
    const result = await machine.apply({ prune: true });
    expect(machine.names()).toContain(served('chat:v1'));
    expect(result.exitCode).toBe(3);
  });

  it('stays as the base of a Model that cannot be resolved now', async () => {
    machine.write(
      'models.yaml',
      documents(
        modelDocument('one', source('chat:v1'), 'derive: { system: A. }'),
        modelDocument('two', source('chat:v1'), 'derive: { system: B. }'),
      ),
    );
    await machine.apply();
    machine.write(
      'models.yaml',
      modelDocument('two', source('chat:v1'), 'derive: { system: B. }', 'runtime: { parallel: 4 }'),
    );
    const result = await machine.apply({ prune: true, allowEvictions: 9 });
    expect(heldOf(result).map((line) => line.split(': ')[1])).toContain('unsupported');
    expect(machine.names()).toEqual([served('chat:v1'), 'two:latest']);
  });
});
