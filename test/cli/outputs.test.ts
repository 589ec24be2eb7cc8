// What the built program prints as data is what schemas/output publishes.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFakeOllama } from '../fakes/ollama-server.ts';
import { misfits } from '../render/schema-check.ts';
import { type Place, runModelctl } from './transcript.ts';

let place: Place;
let folder = '';
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelctl-outputs-'));
  const ollama = createFakeOllama();
  ollama.registry.publish('library/tiny:v1', { weights: { bytes: 1000, seed: 'tiny' } });
  ollama.registry.publish('library/other:v1', { weights: { bytes: 1000, seed: 'other' } });
  const listening = await ollama.start();
  stops.push(listening.stop);
  const address = new URL(listening.url).host;
  place = {
    folder: join(folder, 'work'),
    home: join(folder, 'home'),
    ollama,
    address,
    stop: listening.stop,
  };
  await mkdir(place.folder);
  await ollama.foreign.pull(`${address}/library/other:v1`);
  await writeFile(join(place.folder, 'models.yaml'), manifest(address));
  await writeFile(join(place.folder, 'wrong.yaml'), 'kind: Modle\n');
});

afterAll(async () => {
  for (const stop of stops) await stop();
  await rm(folder, { recursive: true });
});

const manifest = (address: string): string =>
  [
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    'metadata: { name: derived, labels: { team: search } }',
    `spec: { source: "ollama://${address}/library/tiny:v1", derive: { system: "Be brief." }, residency: loaded }`,
    '---',
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Registry',
    'metadata: { name: here }',
    `spec: { endpoint: "http://${address}", bandwidth: { limit: 900MB/s } }`,
    '---',
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    'metadata: { name: conflicting }',
    `spec: { source: "ollama://${address}/library/tiny:v1", servedName: "${address}/library/other:v1" }`,
  ].join('\n');

const run = (line: string) => runModelctl(line.split(' '), { place });

describe('printed as data', () => {
  // In this order: each is about what the one before it left behind.
  test.each([
    ['lock -f models.yaml --check -o json', 'lock-report', 2],
    ['plan -f models.yaml -o json', 'plan', 0],
    ['diff -f models.yaml -o json', 'diff', 2],
    ['apply -f models.yaml -o json', 'change-set', 6],
    ['apply -f models.yaml -o json', 'change-set', 6],
    ['lock -f models.yaml -o json', 'lock-report', 0],
    ['outdated -f models.yaml --all -o json', 'outdated-list', 0],
    ['update -f models.yaml --dry-run -o json', 'update-report', 0],
    ['verify -f models.yaml -o json', 'verification-list', 3],
    ['repair -f models.yaml -o json', 'repair-report', 3],
    ['get -f models.yaml -o json', 'model-list', 0],
    ['get backends -o json', 'backend-list', 0],
    ['get hosts -o json', 'host-list', 0],
    ['get sets -o json', 'set-list', 0],
    ['get transfers -o json', 'transfer-list', 0],
    ['cancel --all -o json', 'cancelled-transfer-list', 0],
    ['get registries -f models.yaml -o json', 'registry-list', 0],
    ['describe derived -o json', 'model-description', 0],
    ['adopt -o json', 'adoption-report', 0],
    ['suspend derived --until 1h --reason tests -o json', 'suspension-list', 0],
    ['apply -f models.yaml -o json', 'change-set', 6],
    ['history -o json', 'history-list', 0],
    ['engine status -o json', 'engine-status-list', 0],
    ['validate -f models.yaml -o json', 'validation-report', 0],
    ['validate -f wrong.yaml -o json', 'validation-report', 1],
  ])('%s is as published', async (line, schema, code) => {
    const ended = await run(line);
    expect([ended.code, ended.stderr.includes('bug')]).toEqual([code, false]);
    expect(misfits(schema, JSON.parse(ended.stdout))).toEqual([]);
  });
});

describe('streamed', () => {
  test.each([
    ['plan -f models.yaml --json', 0],
    ['apply -f models.yaml --json', 6],
    ['lock -f models.yaml --json', 0],
    ['outdated -f models.yaml --json', 0],
    ['verify -f models.yaml --json', 3],
    ['repair -f models.yaml --dry-run --json', 3],
    ['update nobody -f models.yaml --json', 1],
    ['get --json', 0],
    ['validate -f wrong.yaml --json', 1],
    ['plan -f wrong.yaml --json', 1],
    ['describe nothing --json', 1],
  ])('%s is a version, events, and a result with the exit code', async (line, code) => {
    const { stdout, ...ended } = await run(line);
    expect(ended.code).toBe(code);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as { readonly type: string; readonly exitCode?: number });
    expect(events.flatMap((event) => misfits('event', event))).toEqual([]);
    expect(events[0]?.type).toBe('version');
    expect(events.at(-1)).toMatchObject({ type: 'result', exitCode: code });
  });
});
