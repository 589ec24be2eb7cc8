// What the ledger remembers of a set: its engine, and who else owns a name.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  actionsOf,
  createMachine,
  documents,
  heldOf,
  hostDocument,
  type Machine,
  modelDocument,
  served,
  source,
  targetDocument,
} from '../machine.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
  machine.publish('library/chat:v1', 'one');
  machine.publish('library/code:v1', 'three');
});

afterEach(() => machine.remove());

const chat = modelDocument('chat', source('chat:v1'));
const code = modelDocument('coder', source('code:v1'));

describe('the engine that was chosen for a set', () => {
  it('is remembered also while none of its Models is for this machine', async () => {
    machine.write('models.yaml', chat);
    await machine.apply();
    const elsewhere = modelDocument('chat', source('chat:v1'), 'targets: [laptop]');
    machine.write(
      'models.yaml',
      documents(hostDocument('box'), hostDocument('laptop'), targetDocument('laptop'), elsewhere),
    );
    await machine.apply();
    machine.write('models.yaml', chat);
    machine.setDown(true);
    const result = await machine.plan();
    expect(result.engineChoice).toBeNull();
    expect(heldOf(result)).toEqual([`${served('chat:v1')}: unreachable`]);
  });
});

describe('two sets with one model', () => {
  const one = () => ({ inputs: [`${machine.folder}/one`], prune: true });
  const two = () => ({ inputs: [`${machine.folder}/two`], prune: true });

  it('evict it with the last of them, when one of them brought it', async () => {
    machine.write('one/models.yaml', documents(chat, code));
    machine.write('two/models.yaml', documents(chat, code));
    await machine.apply(one());
    await machine.apply(two());
    machine.write('one/models.yaml', code);
    expect((await machine.apply(one())).plan?.released.map(({ name }) => name)).toEqual([
      served('chat:v1'),
    ]);
    machine.write('two/models.yaml', code);
    const last = await machine.apply(two());
    expect(last.exitCode).toBe(0);
    expect(machine.names()).toEqual([served('code:v1')]);
  });

  it('both need approval for what neither of them brought', async () => {
    await machine.ollama.foreign.pull(served('chat:v1'));
    machine.write('one/models.yaml', documents(chat, code));
    machine.write('two/models.yaml', documents(chat, code));
    await machine.apply(one());
    await machine.apply(two());
    machine.write('one/models.yaml', code);
    await machine.apply(one());
    machine.write('two/models.yaml', code);
    expect(heldOf(await machine.apply(two()))).toEqual([`${served('chat:v1')}: needs-approval`]);
  });

  it('leave a loaded model alone as long as one of them keeps it loaded', async () => {
    const kept = modelDocument('chat', source('chat:v1'), 'residency: loaded');
    machine.write('one/models.yaml', documents(kept, code));
    machine.write('two/models.yaml', documents(kept, code));
    await machine.apply(one());
    await machine.apply(two());
    machine.write('one/models.yaml', documents(chat, code));
    const result = await machine.apply(one());
    expect(actionsOf(result)).toEqual([]);
    expect(actionsOf(await machine.plan(two()))).toEqual([]);
  });

  it('write nothing while the other one was cut off on a name that both own', async () => {
    machine.write('one/models.yaml', documents(chat, code));
    machine.write('two/models.yaml', documents(chat, code));
    await machine.apply(one());
    await machine.apply(two());
    const { openLedger } = await import('../../src/record/ledger.ts');
    const ledger = await openLedger(
      { path: `${machine.home}/state/ledger.db`, mode: 'write' },
      machine.io,
    );
    const [entry] = ledger.inventory();
    if (entry === undefined || entry.digest === null) throw new Error('nothing is owned');
    const run = ledger.beginRun({
      set: entry.set,
      location: machine.folder,
      engine: null,
      backends: [],
      entries: [],
    });
    const { host: on, backend, name, model, digest: replaces } = entry;
    const bytes = { download: 0, disk: 0, memory: null };
    const at = {
      id: 'evict',
      host: on,
      backend,
      name,
      model,
      reason: 'pruned',
      because: '',
      bytes,
      after: [],
    } as const;
    run.openIntent({ ...at, kind: 'evict', replaces }, 1);
    ledger.close();
    const other = entry.set === (await machine.plan(one())).plan?.set ? two() : one();
    // Whoever has something to write takes the lock of the machine, which leaves a note.
    const writes = vi.spyOn(machine.io.files, 'writeAtomic');
    expect((await machine.apply(other)).exitCode).toBe(0);
    expect(writes).not.toHaveBeenCalled();
  });
});
