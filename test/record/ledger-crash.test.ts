// kill -9 at any moment: what was acknowledged is on record, what was not is there wholly or not
// at all, and the ledger goes on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNodeIo } from '../../src/io/node.ts';
import { openLedger } from '../../src/record/ledger.ts';
import { createFakeRandom } from '../fakes/random.ts';
import { entry, keyOf } from './record-values.ts';

let folder: string;

beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'modelctl-crash-'));
});

afterEach(() => fs.rm(folder, { recursive: true, force: true }));

const writer = fileURLToPath(new URL('./ledger-writer.ts', import.meta.url));

/** Ends the writer after so many lines and then some time; returns every line that it got out. */
async function writeUntilKilled(
  path: string,
  first: number,
  afterLines: number,
  delayMs: number,
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [writer, path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const enough = Promise.withResolvers<void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > afterLines) enough.resolve();
  });
  const ended = once(child, 'close');
  await Promise.race([enough.promise, ended]);
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  child.kill('SIGKILL');
  await ended;
  return output.split('\n').filter((line) => line !== '');
}

const rounds = 20;

it('keeps everything that was acknowledged through twenty kills', {
  timeout: 120_000,
}, async () => {
  const path = join(folder, 'ledger.db');
  const random = createFakeRandom(20);
  const acknowledged = new Map<string, string>();
  for (let round = 0; round < rounds; round += 1) {
    const afterLines = Math.floor(random.fraction() * 10);
    const lines = await writeUntilKilled(path, round * 1000, afterLines, random.fraction() * 20);
    for (const line of lines.filter((one) => one !== 'opened')) {
      const [step = '', name = ''] = line.split(' ');
      acknowledged.set(name, step);
    }
    await expectAcknowledged(path, acknowledged);
  }
  expect(acknowledged.size).toBeGreaterThan(rounds);
});

async function expectAcknowledged(
  path: string,
  acknowledged: ReadonlyMap<string, string>,
): Promise<void> {
  const ledger = await openLedger({ path, mode: 'read' }, createNodeIo());
  expect(ledger.problem).toBeNull();
  const { inventory, interrupted } = ledger.view(Date.now());
  const byName = new Map(inventory.map((one) => [one.name, one]));
  for (const [name, step] of acknowledged) {
    const found = byName.get(name);
    if (step === 'done') {
      expect(found).toEqual(entry(name));
      expect(interrupted.has(keyOf(name))).toBe(false);
    } else {
      // Closing it may have been on disk already when the kill came.
      expect([entry(name), entry(name, { digest: null })]).toContainEqual(found);
    }
    if (step === 'begun' && found?.digest === null) expect(interrupted).toContain(keyOf(name));
  }
  ledger.close();
}

it('leaves no ledger or a whole one when its making is cut off', { timeout: 60_000 }, async () => {
  for (let round = 0; round < 8; round += 1) {
    const home = join(folder, String(round));
    const path = join(home, 'ledger.db');
    const child = spawn(process.execPath, [writer, path], { stdio: 'ignore' });
    const ended = once(child, 'close');
    await untilThere(home);
    await new Promise((resolve) => setTimeout(resolve, round));
    child.kill('SIGKILL');
    await ended;
    const ledger = await openLedger({ path, mode: 'write' }, createNodeIo());
    expect(ledger.problem).toBeNull();
    ledger.close();
  }
});

async function untilThere(path: string): Promise<void> {
  while ((await fs.stat(path).catch(() => null)) === null) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
