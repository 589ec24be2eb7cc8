// Which way models go into an Ollama, from what is declared and found to what is there afterwards.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createMachine,
  documents,
  type Machine,
  modelDocument,
  ollamaUrl,
  source,
} from '../machine.ts';

let machine: Machine;
afterEach(() => machine.remove());

function furnished(options: Parameters<typeof createMachine>[0]): Machine {
  machine = createMachine(options);
  machine.ollama.registry.publish('library/chat:v1', { weights: 'chat '.padEnd(3000, '.') });
  machine.write('models.yaml', chat);
  return machine;
}

const chat = modelDocument('chat', source('chat:v1'));

const engine = (files: string): string =>
  [
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Backend',
    'metadata: { name: main }',
    `spec: { type: ollama, endpoint: "${ollamaUrl}", files: { ${files} } }`,
  ].join('\n');

const waysIn = async ({ plan }: Machine): Promise<readonly unknown[]> =>
  ((await plan()).plan?.actions ?? []).map((action) => 'way' in action && action.way);

const blobs = ({ folder }: Machine): string => join(folder, 'user', '.ollama', 'models', 'blobs');

describe('a model', () => {
  it('goes through the files of an engine whose store is found, and stays as it is then', async () => {
    const { apply, ollama, plan } = furnished({ hasStore: true });
    expect(await waysIn(machine)).toEqual(['files']);
    const applied = await apply();
    expect(applied).toMatchObject({ exitCode: 0, changes: { entries: [{ outcome: 'pulled' }] } });
    expect(ollama.mutations()).toEqual([]);
    expect((await plan()).plan?.actions).toEqual([]);
  });

  it('goes through the API where its owner forbids the files, or there are none', async () => {
    furnished({ hasStore: true });
    machine.write('models.yaml', documents(chat, engine('access: none')));
    expect(await waysIn(machine)).toEqual(['api']);
    expect((await machine.apply()).exitCode).toBe(0);
    expect(machine.ollama.mutations().at(-1)?.path).toBe('/api/pull');
    machine.remove();
    expect(await waysIn(furnished({}))).toEqual(['api']);
    expect((await machine.apply()).exitCode).toBe(0);
  });

  it('comes as it was locked through files when its tag has moved since, and not through the API', async () => {
    furnished({ hasStore: true });
    await machine.apply();
    const [locked] = machine.ollama.store.manifests.values();
    const moved = machine.ollama.registry.publish('library/chat:v1', { weights: 'moved' });
    for (const [access, exitCode] of [
      ['none', 6],
      ['write', 0],
    ] as const) {
      machine.ollama.foreign.remove('127.0.0.1:11434/library/chat:v1');
      machine.write('models.yaml', documents(chat, engine(`access: ${access}`)));
      expect((await machine.apply()).exitCode).toBe(exitCode);
    }
    const [there] = machine.ollama.store.manifests.values();
    expect([there?.digest, `sha256:${there?.digest}` === moved.revision]).toEqual([
      locked?.digest,
      false,
    ]);
  });

  it('leaves no file in a folder that turns out to be of another engine', async () => {
    const { folder } = furnished({ hasStore: true });
    const another = join(folder, 'another');
    for (const name of ['blobs', 'manifests']) machine.write(`another/${name}/.keep`, '');
    machine.write('models.yaml', documents(chat, engine(`path: "${another}"`)));
    const { changes } = await machine.apply();
    expect(changes?.entries).toMatchObject([
      { outcome: 'pulled', problem: { code: 'backend/weaker-way' } },
    ]);
    expect(readdirSync(join(another, 'blobs'))).toEqual(['.keep']);
    expect(existsSync(blobs(machine))).toBe(true);
  });
});
