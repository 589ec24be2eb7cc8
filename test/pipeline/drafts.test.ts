// What a killed run was making goes with the next apply, wherever it stands; what others are making
// at that moment stays.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLedger } from '../../src/record/ledger.ts';
import { createMachine, type Machine, modelDocument, source } from '../machine.ts';

let machine: Machine;

beforeEach(async () => {
  machine = createMachine();
  machine.publish('library/chat:v1', 'one');
  machine.write('models.yaml', modelDocument('chat', source('chat:v1')));
  await machine.apply();
});

afterEach(() => machine.remove());

const ledger = (mode: 'read' | 'write') =>
  openLedger({ path: join(machine.home, 'state', 'ledger.db'), mode }, machine.io);

async function note(...paths: readonly string[]): Promise<void> {
  const { drafts, close } = await ledger('write');
  for (const path of paths) drafts.note(path);
  close();
}

async function noted(): Promise<readonly string[]> {
  const { drafts, close } = await ledger('read');
  const paths = drafts.all();
  close();
  return paths;
}

function leave(...names: readonly string[]): readonly string[] {
  const folder = join(machine.folder, 'store');
  mkdirSync(folder, { recursive: true });
  return names.map((name) => {
    writeFileSync(join(folder, name), 'half of it');
    return join(folder, name);
  });
}

it('is removed although there is nothing else to do, and no file that looks like it', async () => {
  const [ours = '', others = ''] = leave('aa.111111.partial', 'aa.222222.partial');
  await note(ours, join(machine.folder, 'gone', 'bb.partial'));
  expect(await machine.plan()).toMatchObject({ exitCode: 0 });
  expect(existsSync(ours)).toBe(true);
  expect(await machine.apply()).toMatchObject({ exitCode: 0, changes: null });
  expect([existsSync(ours), existsSync(others)]).toEqual([false, true]);
  expect(await noted()).toEqual([]);
  const before = machine.written();
  await machine.apply();
  expect(machine.written()).toEqual(before);
});

it('is tried again the next time when it cannot be removed, and stops nothing', async () => {
  const stubborn = join(machine.folder, 'a-folder');
  mkdirSync(stubborn);
  const [ours = ''] = leave('cc.333333.partial');
  await note(stubborn, ours);
  expect(await machine.apply()).toMatchObject({ exitCode: 0 });
  expect(existsSync(ours)).toBe(false);
  expect(await noted()).toEqual([stubborn]);
});
