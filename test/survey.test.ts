import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apply, survey } from '../src/index.ts';
import type { Io } from '../src/io/io.ts';
import { createNodeIo } from '../src/io/node.ts';
import { createFakeOllama, type FakeOllama } from './fakes/ollama-server.ts';

const address = '127.0.0.1:11434';
let folder = '';
let ollama: FakeOllama;
let io: Io;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelctl-survey-'));
  ollama = createFakeOllama();
  ollama.registry.publish('library/tiny:v1', { weights: { bytes: 1000, seed: 'tiny' } });
  ollama.registry.publish('library/copy:v1', {
    weights: { bytes: 1000, seed: 'tiny' },
    system: 'x',
  });
  io = worldWith({});
  await writeFile(
    join(folder, 'models.yaml'),
    [
      'apiVersion: modelctl.dev/v1alpha1',
      'kind: Model',
      'metadata: { name: tiny, labels: { team: search } }',
      `spec: { source: "ollama://${address}/library/tiny:v1" }`,
    ].join('\n'),
  );
});

afterEach(() => rm(folder, { recursive: true }));

/** This machine's disk and time; the fake's network; an environment of its own. */
function worldWith(http: Partial<Io>): Io {
  const node = createNodeIo();
  const variables: Readonly<Record<string, string>> = { MODELCTL_HOME: folder };
  const environment = {
    ...node.environment,
    workingFolder: folder,
    get: (name: string) => variables[name],
  };
  const network = ollama.http(`http://${address}`);
  return { ...node, http: network, web: network, environment, ...http };
}

const names = (found: Awaited<ReturnType<typeof survey>>): readonly string[] =>
  found.models.map(({ name, presence, status }) => `${name} ${presence} ${status}`);

describe('a survey', () => {
  test('finds the engines of this machine, and what is there that nobody owns', async () => {
    await ollama.foreign.pull(`${address}/library/tiny:v1`);
    const found = await survey({}, { io });
    expect(found.backends.map(({ label, version }) => [label, version])).toEqual([
      [`Ollama at http://${address}`, '0.32.15'],
      [expect.stringContaining('mbedded'), expect.any(String)],
    ]);
    expect(names(found)).toEqual([`${address}/library/tiny:v1 there NotOwned`]);
    expect(found.hosts).toMatchObject([{ name: 'local', isThisMachine: true }]);
    expect(found.sets).toEqual([]);
  });

  test('knows afterwards what belongs to whom', async () => {
    expect(await apply({ inputs: ['models.yaml'] }, { io })).toMatchObject({ exitCode: 0 });
    const found = await survey({}, { io });
    expect(names(found)).toEqual([`${address}/library/tiny:v1 there Owned`]);
    expect(found.sets).toMatchObject([{ location: folder, models: ['tiny'] }]);
  });

  test('compares with manifests, and changes nothing', async () => {
    const found = await survey({ inputs: ['models.yaml'] }, { io });
    expect(names(found)).toEqual([`${address}/library/tiny:v1 absent Pending`]);
    expect(found.models[0]?.labels).toEqual({ team: 'search' });
    expect(ollama.mutations()).toEqual([]);
  });

  test('reads manifests from standard input once', async () => {
    const text = `apiVersion: modelctl.dev/v1alpha1\nkind: Model\nmetadata: { name: a }\nspec: { source: "ollama://${address}/library/tiny:v1" }\n`;
    let reads = 0;
    const readStdin = async (): Promise<Uint8Array> => {
      reads += 1;
      return new TextEncoder().encode(text);
    };
    const found = await survey(
      { inputs: ['-'] },
      { io: { ...io, files: { ...io.files, readStdin } } },
    );
    expect([names(found), reads]).toEqual([[`${address}/library/tiny:v1 absent Pending`], 1]);
  });

  test('tells of wrong manifests, and goes on without them', async () => {
    await ollama.foreign.pull(`${address}/library/tiny:v1`);
    const found = await survey({ inputs: ['nowhere.yaml'] }, { io });
    expect(found.problems.map(({ code }) => code)).toEqual(['manifest/not-found']);
    expect(names(found)).toEqual([`${address}/library/tiny:v1 there NotOwned`]);
  });

  test('tells of an engine that is down, and of what should be there as unknown', async () => {
    await apply({ inputs: ['models.yaml'] }, { io });
    const request: Io['http']['request'] = createFakeOllama().http('http://127.0.0.1:9').request;
    const found = await survey({}, { io: worldWith({ http: { request } }) });
    expect(found.backends[0]).toMatchObject({ isKnown: true, version: null });
    expect(found.backends[0]?.problem?.detail).toContain('127.0.0.1');
    expect(names(found)).toEqual([`${address}/library/tiny:v1 unknown Owned`]);
  });

  test('tells of an address in the environment that is none', async () => {
    const get = (name: string) =>
      name === 'OLLAMA_HOST' ? 'ftp://elsewhere' : io.environment.get(name);
    const found = await survey({}, { io: worldWith({ environment: { ...io.environment, get } }) });
    expect(found.problems.map(({ code }) => code)).toEqual(['backend/bad-endpoint']);
  });

  test('asks for the weights behind names when it has to tell copies', async () => {
    await ollama.foreign.pull(`${address}/library/tiny:v1`);
    await ollama.foreign.pull(`${address}/library/copy:v1`);
    const weights = async (withWeights: boolean) =>
      (await survey({ withWeights }, { io })).models.map((one) => one.weights);
    expect(await weights(false)).toEqual([null, null]);
    const [first, second] = await weights(true);
    expect(first).toMatch(/^sha256:/);
    expect(second).toBe(first);
  });
});
