// Every example is valid, and plans to what its words promise, against a fake registry and engine.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { validate } from '../src/index.ts';
import { createHub } from './fakes/hub-server.ts';
import { safetensorsBytes } from './fakes/safetensors-bytes.ts';
import { actionsOf, createMachine, heldOf, type Machine } from './machine.ts';

const folder = fileURLToPath(new URL('../examples/', import.meta.url));
const examples = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted();

let machine: Machine | undefined;

afterEach(() => machine?.remove());

function machineFor(hostname: string): Machine {
  machine = createMachine({ hostname });
  for (const tag of ['qwen2.5-coder:7b', 'llama3.2:3b', 'nomic-embed-text:latest', 'qwen3:14b']) {
    machine.publish(`library/${tag}`, tag);
  }
  return machine;
}

const planOn = async (hostname: string, example: string) => {
  const result = await machineFor(hostname).plan({ inputs: [`${folder}${example}`] });
  expect(result.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return { actions: actionsOf(result), held: heldOf(result), result };
};

describe('each example', () => {
  it.each(examples)('is valid: %s', async (example) => {
    const checked = await validate([`${folder}${example}`]);
    expect(checked.problems).toEqual([]);
    expect(checked.ok).toBe(true);
  });
});

describe('the workstation example', () => {
  it('pulls the coder, bakes its context, names it as tools ask for it, and loads it', async () => {
    expect((await planOn('workstation', 'workstation')).actions).toEqual([
      'pull qwen2.5-coder:7b',
      'create coder:latest',
      'create gpt-4o-mini:latest',
      'load coder:latest',
    ]);
  });
});

describe('the example with a mirror', () => {
  it('comes from the registry itself where the mirror is not to be reached', async () => {
    expect((await planOn('workstation', 'mirrors')).actions).toEqual(['pull llama3.2:3b']);
  });
});

describe('the example with two engines', () => {
  it('gives each engine its model', async () => {
    const { result } = await planOn('box', 'two-engines');
    const engines = result.plan?.actions.map(({ kind, backend, name }) => [
      kind,
      backend.split(':')[0],
      name,
    ]);
    expect(engines).toEqual([
      ['pull', 'http', 'llama3.2:3b'],
      ['pull', 'embedded', 'helper'],
      ['load', 'http', 'llama3.2:3b'],
    ]);
  });
});

describe('the example with a llama-server', () => {
  it('waits for the server, and says how to start it', async () => {
    const { actions, held, result } = await planOn('box', 'llama-server');
    expect(actions).toEqual([]);
    expect(held.toSorted()).toEqual([
      'chat: unreachable',
      'gpt-4o-mini: unreachable',
      'small: unreachable',
    ]);
    expect(result.plan?.held[0]?.remedy).toMatch(
      /llama-server --models-preset .+ --offline --port 8080/,
    );
  });
});

describe('the example with the Hugging Face cache', () => {
  it('brings each model at its commit, under its name on the Hub', async () => {
    const hub = createHub();
    const files = { 'model.safetensors': safetensorsBytes(), 'config.json': '{}' };
    hub.push('Qwen/Qwen3-0.6B', files);
    const pinned = '5c38ec7c405ec4b44b94cc5a9bb96e735b38267a';
    const pushed = hub.push('BAAI/bge-small-en-v1.5', files);
    const { commits } = hub.repositories.get('BAAI/bge-small-en-v1.5')!;
    commits.set(pinned, commits.get(pushed)!);
    machine = createMachine({ elsewhere: hub.http });
    const result = await machine.plan({ inputs: [`${folder}huggingface`] });
    expect(result.problems).toEqual([]);
    expect(actionsOf(result)).toEqual([
      `pull BAAI/bge-small-en-v1.5@${pinned}`,
      'pull Qwen/Qwen3-0.6B',
    ]);
    expect(result.plan?.actions[0]?.backend).toMatch(/^huggingface:/);
  });
});

describe('the team example', () => {
  it('gives the server everything', async () => {
    const { actions } = await planOn('gpu-box', 'team');
    expect(actions.toSorted()).toEqual([
      'create coder:latest',
      'create gpt-4o-mini:latest',
      'create reviewer:latest',
      'create search:latest',
      'load coder:latest',
      'load search:latest',
      'pull nomic-embed-text:latest',
      'pull qwen2.5-coder:7b',
      'pull qwen3:14b',
    ]);
  });

  it('gives the desktop the coder, loaded, and the laptop the coder, stored', async () => {
    const desktop = await planOn('mac-studio', 'team');
    expect(desktop.actions).toContain('load coder:latest');
    machine?.remove();
    const laptop = await planOn('laptop', 'team');
    expect(laptop.actions).toEqual([
      'pull qwen2.5-coder:7b',
      'create coder:latest',
      'create gpt-4o-mini:latest',
    ]);
  });
});
