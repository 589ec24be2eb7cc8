// --locked: what the lock does not cover is refused whole, before an engine or a source is asked.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lock } from '../../src/lock.ts';
import type { ReconcileRequest } from '../../src/reconcile.ts';
import {
  createMachine,
  documents,
  hostDocument,
  type Machine,
  modelDocument,
  source,
  targetDocument,
} from '../machine.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
  machine.publish('library/chat:v1', 'one');
  machine.publish('library/chat:v2', 'two');
  machine.publish('library/code:v1', 'three');
});

afterEach(() => {
  vi.restoreAllMocks();
  machine.remove();
});

const chat = modelDocument('chat', source('chat:v1'));
const coder = modelDocument('coder', source('code:v1'));
const both = documents(chat, coder);

/** Code and detail of what a run was refused with, which must have asked and written nothing. */
async function refusal(request: Partial<ReconcileRequest> = {}): Promise<string> {
  const before = machine.written();
  const asked = vi.spyOn(machine.io.http, 'request');
  const details: string[] = [];
  for (const mode of ['plan', 'apply'] as const) {
    const result = await machine.run(mode, { locked: true, ...request });
    expect(result.exitCode).toBe(6);
    expect(result.plan).toBeNull();
    expect(result.problems.map(({ code }) => code)).toEqual(['lock/unlocked']);
    expect(result.problems[0]?.remedy).toContain('modelctl lock');
    details.push(result.problems[0]?.detail ?? '');
  }
  expect(details[0]).toBe(details[1]);
  expect(machine.written()).toEqual(before);
  expect(asked).not.toHaveBeenCalled();
  return details[0] ?? '';
}

describe('--locked', () => {
  it('refuses manifests without a lock', async () => {
    machine.write('models.yaml', both);
    expect(await refusal()).toContain('There is no lock');
  });

  it('refuses a Model that the lock does not know, and names it', async () => {
    machine.write('models.yaml', chat);
    await machine.apply();
    machine.write('models.yaml', both);
    expect(await refusal()).toContain('no entry for Model/coder (ollama://');
  });

  it('refuses an edited source, also of a Model that is not asked for', async () => {
    machine.write('models.yaml', both);
    await machine.apply();
    machine.write('models.yaml', documents(modelDocument('chat', source('chat:v2')), coder));
    expect(await refusal({ targets: ['coder'], prune: true })).toContain('chat:v2');
  });

  it('refuses an entry that nothing refers to any more', async () => {
    machine.write('models.yaml', both);
    await machine.apply();
    machine.write('models.yaml', chat);
    expect(await refusal()).toContain('Nothing refers any more to its entry for Model/coder');
  });

  it('refuses a new target of a locked Model', async () => {
    const targets = documents(
      hostDocument('box'),
      hostDocument('hub'),
      targetDocument('box'),
      targetDocument('hub'),
    );
    const on = (list: string): string => modelDocument('chat', source('chat:v1'), list);
    machine.write('models.yaml', documents(targets, on('targets: [box]')));
    await machine.apply();
    machine.write('models.yaml', documents(targets, on('targets: [box, hub]')));
    expect(await refusal()).toContain('on hub');
  });

  it('refuses another list of manifests, since pruning goes by it', async () => {
    machine.write('all/a.yaml', chat);
    machine.write('all/b.yaml', coder);
    await machine.apply({ inputs: [`${machine.folder}/all`] });
    machine.write('all/c.yaml', hostDocument('box'));
    expect(await refusal({ inputs: [`${machine.folder}/all`] })).toContain('does not list c.yaml');
  });

  it('takes a part of a set for what it is', async () => {
    machine.write('all/a.yaml', chat);
    machine.write('all/b.yaml', coder);
    await machine.apply({ inputs: [`${machine.folder}/all`] });
    const part = await machine.apply({ inputs: [`${machine.folder}/all/a.yaml`], locked: true });
    expect([part.exitCode, part.problems]).toEqual([0, []]);
  });

  it('is content once the lock is written, and installs what it says', async () => {
    machine.write('models.yaml', both);
    const inputs = [`${machine.folder}/models.yaml`];
    const context = { io: machine.io, signal: AbortSignal.timeout(15_000) };
    expect((await lock({ inputs }, context)).exitCode).toBe(0);
    const before = machine.read('models.lock.yaml');
    const applied = await machine.apply({ locked: true });
    expect([applied.exitCode, applied.problems]).toEqual([0, []]);
    expect(applied.changes?.entries.map(({ outcome }) => outcome)).toEqual(['pulled', 'pulled']);
    expect(machine.read('models.lock.yaml')).toBe(before);
  });
});
