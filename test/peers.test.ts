// Faults that other tools have, or had, and that cost people models or time: each as a machine on
// which modelctl must do better. Where a public thread tells the story, it is named.
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
} from './machine.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
  for (const tag of ['gemma3:latest', 'gemma3:27b', 'my-gemma3:latest', 'base:v1', 'other:v1']) {
    machine.publish(`library/${tag}`, tag);
  }
});

afterEach(() => machine.remove());

describe('a name', () => {
  // A shell reconciler deleted by an unanchored pattern: a declared `gemma3` kept every name that
  // contains it, and the other way round.
  it('is matched whole, never as a part of another', async () => {
    machine.write(
      'models.yaml',
      documents(
        modelDocument('big', source('gemma3:27b')),
        modelDocument('small', source('gemma3')),
        modelDocument('mine', source('my-gemma3')),
      ),
    );
    await machine.apply();
    machine.write(
      'models.yaml',
      documents(
        modelDocument('big', source('gemma3:27b')),
        modelDocument('mine', source('my-gemma3')),
      ),
    );
    await machine.apply({ prune: true });
    expect(machine.names()).toEqual([served('gemma3:27b'), served('my-gemma3:latest')]);
  });

  // A Helm chart compared `name` with the engine's `name:latest` and removed the model that it had
  // made a moment before, on every start.
  it('without a tag is the one that the engine calls latest', async () => {
    machine.write(
      'models.yaml',
      modelDocument('assistant', source('base:v1'), 'derive: { system: Brief. }'),
    );
    await machine.apply({ prune: true });
    expect(machine.names()).toContain('assistant:latest');
    expect(actionsOf(await machine.apply({ prune: true }))).toEqual([]);
    expect(machine.names()).toContain('assistant:latest');
  });
});

describe('an empty list', () => {
  // The same reconciler failed in a loop on an empty list with sync on (NixOS/nixpkgs#552033).
  it('that comes of a file without documents is an error, and nothing goes', async () => {
    machine.write('models.yaml', modelDocument('base', source('base:v1')));
    await machine.apply();
    machine.write('models.yaml', '');
    const result = await machine.apply({ prune: true });
    expect(result.exitCode).toBe(1);
    expect(machine.names()).toEqual([served('base:v1')]);
  });

  it('that comes of a folder without Models is held by the guard', async () => {
    machine.write('all/models.yaml', modelDocument('base', source('base:v1')));
    machine.write(
      'all/groups.yaml',
      [
        'apiVersion: modelctl.dev/v1alpha1',
        'kind: Category',
        'metadata: { name: llm }',
        'spec: {}',
        '',
      ].join('\n'),
    );
    const inputs = [`${machine.folder}/all`];
    await machine.apply({ inputs });
    const { rmSync } = await import('node:fs');
    rmSync(`${machine.folder}/all/models.yaml`);
    const result = await machine.apply({ inputs, prune: true });
    expect(heldOf(result)).toEqual([`${served('base:v1')}: guard`]);
    expect(result.exitCode).toBe(6);
    expect((await machine.apply({ inputs, prune: true, allowEvictions: 1 })).exitCode).toBe(0);
    expect(machine.names()).toEqual([]);
  });
});

describe('shared weights', () => {
  // A server deleted a weights file that another configuration still used (mudler/LocalAI#7171).
  it('stay as long as one declared name needs them', async () => {
    machine.write(
      'models.yaml',
      documents(
        modelDocument('one', source('base:v1'), 'derive: { system: One. }'),
        modelDocument('two', source('base:v1'), 'derive: { system: Two. }'),
      ),
    );
    await machine.apply();
    machine.write(
      'models.yaml',
      modelDocument('two', source('base:v1'), 'derive: { system: Two. }'),
    );
    expect((await machine.apply({ prune: true })).exitCode).toBe(0);
    expect(machine.names()).toEqual([served('base:v1'), 'two:latest']);
    expect(actionsOf(await machine.apply({ prune: true }))).toEqual([]);
  });
});

describe('settings', () => {
  // A runner forgot the context length after its idle unload, and people re-applied it from cron
  // (docker/model-runner#633, #726).
  it('that someone changed behind its back are put back, and only there', async () => {
    machine.write(
      'models.yaml',
      documents(
        modelDocument('coder', source('base:v1'), 'runtime: { contextLength: 16384 }'),
        modelDocument('other', source('other:v1')),
      ),
    );
    await machine.apply();
    const response = await machine.io.http.request({
      method: 'POST',
      url: 'http://127.0.0.1:11434/api/create',
      body: JSON.stringify({
        model: 'coder',
        from: served('base:v1'),
        parameters: { num_ctx: 4096 },
        stream: false,
      }),
      timeoutMs: 1000,
    });
    for await (const _ of response.body);
    expect(actionsOf(await machine.plan())).toEqual(['create coder:latest']);
    expect((await machine.apply()).exitCode).toBe(0);
    expect(actionsOf(await machine.plan())).toEqual([]);
  });
});
