// What Models may ask for together, and what is told when they may not.
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

const codesOf = (problems: readonly { readonly code: string }[] = []): readonly string[] =>
  problems.map(({ code }) => code);

describe('a run for some Models only', () => {
  it('is refused when there is no Model of that name', async () => {
    machine.write('models.yaml', modelDocument('chat', source('chat:v1')));
    const result = await machine.apply({ targets: ['chat', 'caht'] });
    expect(codesOf(result.problems)).toEqual(['plan/unknown-target']);
    expect(result.problems[0]?.detail).toContain('Did you mean "chat"?');
    expect(result).toMatchObject({ exitCode: 1, plan: null });
  });
});

describe('a take-over', () => {
  it('of a name that nothing has is warned of', async () => {
    machine.write('models.yaml', modelDocument('chat', source('chat:v1'), 'servedName: mine'));
    const result = await machine.apply({ takeOver: ['mine', 'mine:latest', 'chat'] });
    expect(codesOf(result.problems)).toEqual(['plan/unknown-take-over']);
    expect(result.problems[0]?.detail).toContain('"mine". Did you mean "mine:latest"?');
  });
});

describe('a file that is no model', () => {
  it('is warned of before it is taken, and as long as it is declared', async () => {
    machine.write('page.gguf', '<html>Log in first</html>');
    machine.write('models.yaml', modelDocument('page', 'source: file://./page.gguf'));
    for (const result of [await machine.plan(), await machine.apply(), await machine.plan()]) {
      expect(codesOf(result.plan?.warnings)).toEqual(['resolve/unknown-format']);
    }
  });
});

describe('the same weights', () => {
  const chat = (name: string, ...more: readonly string[]): string =>
    modelDocument(name, source('chat:v1'), 'residency: loaded', ...more);

  it('cannot stay loaded with two contexts, also where an engine bakes them into names', async () => {
    machine.write(
      'models.yaml',
      documents(
        chat('long', 'runtime: { contextLength: 2048 }'),
        chat('short', 'runtime: { contextLength: 1024 }'),
      ),
    );
    const result = await machine.apply();
    expect(codesOf(result.problems)).toEqual(['resolve/loaded-twice']);
    expect(result.exitCode).toBe(1);
  });

  it('stay loaded under two names that ask for the same, and are then left alone', async () => {
    machine.write(
      'models.yaml',
      documents(
        chat('brief', 'runtime: { contextLength: 1024 }', 'derive: { system: Brief. }'),
        chat('long', 'runtime: { contextLength: 1024 }', 'derive: { system: Long. }'),
      ),
    );
    expect((await machine.apply()).exitCode).toBe(0);
    expect(actionsOf(await machine.plan())).toEqual([]);
  });
});

describe('a base that several Models share', () => {
  it('is planned alike, whatever the order of the Models', async () => {
    const one = modelDocument('one', source('chat:v1'), 'derive: { system: A. }');
    const two = modelDocument('two', source('chat:v1'), 'derive: { system: B. }', 'priority: 5');
    machine.write('models.yaml', documents(one, two));
    const first = await machine.plan();
    machine.write('models.yaml', documents(two, one));
    const second = await machine.plan();
    expect(second.plan?.actions.map((action) => [action.id, action.model])).toEqual(
      first.plan?.actions.map((action) => [action.id, action.model]),
    );
  });

  it('is kept when one of them says Keep, whichever leaves last', async () => {
    const keep = modelDocument(
      'keep',
      source('chat:v1'),
      'derive: { system: A. }',
      'lifecycle: { prune: Keep }',
    );
    const drop = modelDocument('drop', source('chat:v1'), 'derive: { system: B. }');
    const other = modelDocument('other', source('code:v1'));
    machine.write('models.yaml', documents(keep, drop, other));
    await machine.apply();
    machine.write('models.yaml', other);
    await machine.apply({ prune: true });
    expect(machine.names()).toEqual([served('chat:v1'), served('code:v1'), 'keep:latest']);
  });
});

describe('what an engine says of a Model', () => {
  it('is told as a warning when it can be served all the same', async () => {
    machine.write(
      'models.yaml',
      modelDocument('chat', source('chat:v1'), 'derive: { parameters: { temprature: 1 } }'),
    );
    const { plan, exitCode } = await machine.plan();
    expect(codesOf(plan?.warnings)).toEqual(['backend/unknown-parameter']);
    expect(plan?.warnings[0]?.subject).toBe('Model/chat');
    expect(exitCode).toBe(0);
  });

  it('holds that Model alone, whatever else is told of it', async () => {
    machine.write(
      'models.yaml',
      documents(
        modelDocument(
          'chat',
          source('chat:v1'),
          'derive: { parameters: { temprature: 1 } }',
          'runtime: { parallel: 2 }',
        ),
        modelDocument('coder', source('code:v1')),
      ),
    );
    const result = await machine.apply();
    expect(heldOf(result)).toEqual(['chat:latest: unsupported']);
    expect(machine.names()).toEqual([served('code:v1')]);
  });
});
