// The loop over a whole machine: what it does about edits, about others, about engines that go away,
// and what it says. Real files, real watching, a real ledger; the engine is a server in memory.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openLedger } from '../../src/record/ledger.ts';
import { ledgerPathOf } from '../../src/state-files.ts';
import { askWatches, resume, suspend } from '../../src/wishes.ts';
import {
  createMachine,
  documents,
  type Machine,
  modelDocument,
  served,
  source,
} from '../machine.ts';
import { startWatching, type Watching } from './watching.ts';

let machine: Machine;
let watching: Watching | null = null;
const signal = AbortSignal.timeout(600_000);

beforeEach(() => {
  machine = createMachine();
  for (const tag of ['a:v1', 'a:v2', 'b:v1']) machine.publish(`library/${tag}`, tag);
});

afterEach(async () => {
  await watching?.end();
  watching = null;
  machine.remove();
});

const a = modelDocument('a', source('a:v1'));
const b = modelDocument('b', source('b:v1'));
const holds = (tag: string) => (): boolean => machine.names().includes(served(tag));
const start = (
  ...given: Parameters<typeof startWatching> extends [Machine, ...infer R] ? R : never
): Watching => {
  watching = startWatching(machine, ...given);
  return watching;
};

vi.setConfig({ testTimeout: 60_000 });

describe('an edit', () => {
  test.each([
    ['written in place', (path: string, text: string) => writeFileSync(path, text)],
    [
      'put in the place of the file, as editors do',
      (path: string, text: string) => {
        writeFileSync(`${path}~`, text);
        renameSync(`${path}~`, path);
      },
    ],
    [
      'after the file was away for a moment',
      (path: string, text: string) => {
        rmSync(path);
        writeFileSync(path, text);
      },
    ],
  ])('is taken up: %s', async (_, save) => {
    machine.write('models.yaml', a);
    const loop = start({ intervalMs: 3_600_000 });
    await loop.until('a is there', holds('a:v1'));
    save(join(machine.folder, 'models.yaml'), documents(a, b));
    await loop.until('b is there', holds('b:v1'));
    save(join(machine.folder, 'models.yaml'), documents(a, b, modelDocument('a2', source('a:v2'))));
    await loop.until('a2 is there', holds('a:v2'));
  });

  test('is found in a folder behind a link, in a file that appears there, and by a pattern', async () => {
    mkdirSync(join(machine.folder, 'real'));
    machine.write('real/a.yaml', a);
    symlinkSync('real', join(machine.folder, 'linked'));
    const loop = start({ intervalMs: 3_600_000 }, ['linked']);
    await loop.until('a is there', holds('a:v1'));
    machine.write('real/b.yaml', b);
    await loop.until('b is there', holds('b:v1'));
    await loop.end();
    const second = start({ intervalMs: 3_600_000 }, ['real/*.yaml']);
    await second.until('it follows', () => second.told().length > 0);
    machine.write('real/c.yaml', modelDocument('a2', source('a:v2')));
    await second.until('a2 is there', holds('a:v2'));
  });

  test('that makes the first file, in a folder that is not there yet, is enough', async () => {
    const loop = start({ intervalMs: 3_600_000 }, ['later/models.yaml']);
    await loop.until('it says so', () => loop.told().includes('problem manifest/not-found'));
    machine.write('later/models.yaml', a);
    await loop.until('a is there', holds('a:v1'));
  });

  test('that cannot be used leaves what was declared in force, says where, and prunes nothing', async () => {
    machine.write('models.yaml', documents(a, b));
    const loop = start({ prune: true });
    await loop.until('both are there', () => holds('a:v1')() && holds('b:v1')());
    machine.write('models.yaml', `${a}  typo: 1\n`);
    await loop.until('it says so', () =>
      loop.told().some((one) => one.startsWith('problem manifest/')),
    );
    const problem = loop.events.findLast((event) => event.kind === 'problem');
    expect(problem?.kind === 'problem' && problem.problem.origin?.line).toBeGreaterThan(1);
    machine.ollama.foreign.remove(served('b:v1'));
    await loop.until('b is back', holds('b:v1'));
    rmSync(join(machine.folder, 'models.yaml'));
    await loop.until('it says so', () => loop.told().includes('problem manifest/not-found'));
    expect(machine.names()).toEqual([served('a:v1'), served('b:v1')]);
    machine.write('models.yaml', a);
    await loop.until('b is pruned', () => !holds('b:v1')());
  });
});

describe('what others do', () => {
  test('is corrected, and given up when they do it again, until somebody resumes it', async () => {
    machine.write('models.yaml', a);
    const loop = start();
    await loop.until('a is there', holds('a:v1'));
    await loop.settled();
    machine.ollama.foreign.remove(served('a:v1'));
    await loop.until('a is back', holds('a:v1'));
    await loop.settled();
    machine.ollama.foreign.remove(served('a:v1'));
    await loop.until('it is given up', () => loop.told().includes('a Stalled Contested'));
    // A run of its own, begun by a person, would bring it; the loop does not.
    await loop.settled();
    expect(machine.names()).toEqual([]);
    expect(await resume('a', { io: machine.io, signal })).toHaveLength(1);
    await loop.until('a is back', holds('a:v1'));
  });

  test('is given up for good: another loop, an hour later, leaves it too, until it is edited', async () => {
    machine.write('models.yaml', a);
    const loop = start();
    await loop.until('a is there', holds('a:v1'));
    await loop.settled();
    machine.ollama.foreign.remove(served('a:v1'));
    await loop.until('a is back', holds('a:v1'));
    await loop.settled();
    machine.ollama.foreign.remove(served('a:v1'));
    await loop.until('it is given up', () => loop.told().includes('a Stalled Contested'));
    await loop.end();
    const ledger = await openLedger(
      { path: ledgerPathOf(machine.io.environment), mode: 'read' },
      machine.io,
    );
    const later = ledger.view(Date.now() + 2 * 3_600_000);
    ledger.close();
    expect(later.corrections.size).toBe(0);
    expect(later.contested.size).toBe(1);
    const second = start();
    await second.until('it is still given up', () => second.told().includes('a Stalled Contested'));
    machine.write('models.yaml', modelDocument('a', source('a:v1'), 'residency: loaded'));
    await second.until('a is back', holds('a:v1'));
  });

  test('is left and told where the Model says so', async () => {
    machine.write(
      'models.yaml',
      modelDocument('a', source('a:v1'), 'lifecycle: { driftPolicy: Warn }'),
    );
    const loop = start();
    await loop.until('a is there', holds('a:v1'));
    await loop.settled();
    machine.ollama.foreign.remove(served('a:v1'));
    await loop.until('it says so', () => loop.told().includes('a Stalled Drift'));
    expect(machine.names()).toEqual([]);
  });

  test('may be told not to matter for a while', async () => {
    machine.write('models.yaml', documents(a, b));
    const loop = start();
    await loop.until('both are there', () => holds('a:v1')() && holds('b:v1')());
    await loop.settled();
    await suspend('a', { until: Date.now() + 2_500, reason: 'a test' }, { io: machine.io, signal });
    await loop.until('it says so', () => loop.told().includes('a Stalled Suspended'));
    machine.ollama.foreign.remove(served('a:v1'));
    machine.ollama.foreign.remove(served('b:v1'));
    await loop.until('b is back', holds('b:v1'));
    expect(holds('a:v1')()).toBe(false);
    await loop.until('a is back by itself', holds('a:v1'));
  });
});

describe('an engine that goes away', () => {
  test('is told once, and what was to stay loaded is loaded when it is back', async () => {
    machine.write('models.yaml', modelDocument('a', source('a:v1'), 'residency: loaded'));
    const loop = start();
    await loop.until('a is loaded', () => loop.told().includes(`loaded ${served('a:v1')}`));
    await loop.settled();
    machine.setDown(true);
    await loop.until('it says so', () => loop.told().includes('problem backend/unreachable'));
    machine.ollama.restart();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(loop.told().filter((one) => one === 'problem backend/unreachable')).toHaveLength(1);
    machine.setDown(false);
    await loop.until(
      'a is loaded again',
      () => loop.told().filter((one) => one === `loaded ${served('a:v1')}`).length === 2,
    );
  });
});

describe('while nothing changes', () => {
  test('it says nothing, writes nothing, and leaves the lock to others', async () => {
    machine.write('models.yaml', documents(a, b));
    const loop = start();
    await loop.until('both are there', () => holds('a:v1')() && holds('b:v1')());
    await loop.settled();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const { length } = loop.events;
    const written = machine.written();
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(loop.events.slice(length)).toEqual([]);
    expect(machine.written()).toEqual(written);
    expect(await machine.apply()).toMatchObject({ exitCode: 0, changes: null });
  });
});

describe('a person who asks', () => {
  test('is answered once it has been looked at, whatever it waited for', async () => {
    machine.write('models.yaml', documents(a, modelDocument('x', source('nothing:v1'))));
    const loop = start({ intervalMs: 3_600_000 });
    await loop.until('it cannot', () => loop.told().length > 0);
    machine.write('models.yaml', documents(a, b));
    await loop.until('both are there', () => holds('a:v1')() && holds('b:v1')());
    await loop.settled();
    machine.ollama.foreign.remove(served('b:v1'));
    const asked = await askWatches('b', { timeoutMs: 15_000 }, { io: machine.io, signal });
    expect(asked).toMatchObject([{ answer: { outcome: 'converged', exitCode: 0 } }]);
    expect(holds('b:v1')()).toBe(true);
    expect(
      await askWatches('nobody', { timeoutMs: 15_000 }, { io: machine.io, signal }),
    ).toMatchObject([{ answer: { outcome: 'unknown' } }]);
    await loop.end();
    watching = null;
    await expect(askWatches('b', { timeoutMs: 1 }, { io: machine.io, signal })).rejects.toThrow(
      'No watch',
    );
  });
});
