// update: which entries move, and what stays. What the machine makes of it is in rollback.test.ts.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lock } from '../../src/lock.ts';
import { parseLock } from '../../src/resolve/lock-file.ts';
import { type UpdateRequest, update } from '../../src/update.ts';
import { createMachine, documents, type Machine, modelDocument, source } from '../machine.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
  machine.publish('library/chat:v1', 'one');
  machine.publish('library/code:v1', 'three');
});

afterEach(() => {
  vi.restoreAllMocks();
  machine.remove();
});

const context = () => ({ io: machine.io, signal: AbortSignal.timeout(15_000) });
const inputs = () => [`${machine.folder}/models.yaml`];
const runLock = () => lock({ inputs: inputs() }, context());
const runUpdate = (request: Partial<UpdateRequest> = {}) =>
  update({ inputs: inputs(), ...request }, context());

const lockText = () => machine.read('models.lock.yaml');
const entriesOf = (text: string) => {
  const parsed = parseLock(text, 'models.lock.yaml');
  if (!parsed.ok) throw new Error(parsed.problems[0]?.detail);
  return new Map(parsed.value.entries.map((one) => [one.model, one]));
};
const codesOf = (problems: readonly { readonly code: string }[]) =>
  problems.map(({ code }) => code);

const chat = modelDocument('chat', source('chat:v1'));
const coder = modelDocument('coder', source('code:v1'));
const file = modelDocument('file', 'source: file://./model.gguf');

describe('update', () => {
  it('moves what is named and nothing else, by a byte', async () => {
    machine.write('models.yaml', documents(chat, coder));
    await runLock();
    const commented = lockText().replace('model: coder', 'model: coder # ours');
    machine.write('models.lock.yaml', commented);
    machine.publish('library/chat:v1', 'moved');
    machine.publish('library/code:v1', 'moved too');
    const result = await runUpdate({ models: ['chat'] });
    expect([result.exitCode, result.written, result.problems]).toEqual([0, true, []]);
    expect(result.standings.map(({ model }) => model)).toEqual(['chat']);
    const [before, after] = [commented, lockText()].map((text) => text.split(/^(?=---\n)/m));
    expect(after?.filter((part) => !before?.includes(part)).length).toBe(1);
    expect(entriesOf(lockText()).get('chat')?.revision).not.toBe(
      entriesOf(commented).get('chat')?.revision,
    );
  });

  it('moves all that are declared when none is named', async () => {
    machine.write('model.gguf', 'GGUF one');
    machine.write('models.yaml', documents(chat, coder, file));
    await runLock();
    machine.publish('library/chat:v1', 'moved');
    machine.write('model.gguf', 'GGUF two, longer');
    const result = await runUpdate();
    expect(result.standings.map(({ model, status }) => `${model} ${status}`)).toEqual([
      'chat moved',
      'file moved',
    ]);
    const after = lockText();
    const again = await runUpdate();
    expect([again.standings, again.written, lockText()]).toEqual([[], false, after]);
  });

  it('moves every Model of a source together, so that a set has one content for it', async () => {
    const two = modelDocument('two', source('chat:v1'), 'derive: { system: B. }');
    machine.write('models.yaml', documents(chat, two));
    await runLock();
    machine.publish('library/chat:v1', 'moved');
    const result = await runUpdate({ models: ['two'] });
    expect(result.standings.map(({ model }) => model)).toEqual(['chat', 'two']);
    expect(new Set([...entriesOf(lockText()).values()].map(({ revision }) => revision)).size).toBe(
      1,
    );
    const applied = await machine.apply({ locked: true });
    expect([applied.exitCode, applied.problems]).toEqual([0, []]);
  });

  it('writes nothing with dryRun, and says the same', async () => {
    machine.write('models.yaml', chat);
    await runLock();
    machine.publish('library/chat:v1', 'moved');
    const before = machine.written();
    const dry = await runUpdate({ dryRun: true });
    expect([dry.written, machine.written()]).toEqual([false, before]);
    const real = await runUpdate();
    expect(real.standings).toEqual(dry.standings);
  });

  it('keeps the entry of a source that cannot be asked, and moves the others', async () => {
    machine.write('model.gguf', 'GGUF one');
    machine.write('models.yaml', documents(chat, coder, file));
    await runLock();
    const before = entriesOf(lockText());
    machine.publish('library/chat:v1', 'moved');
    machine.ollama.registry.unpublish('library/code:v1');
    const result = await runUpdate();
    expect([result.exitCode, result.written]).toEqual([3, true]);
    expect(result.problems).toMatchObject([{ subject: 'Model/coder', origin: { line: 11 } }]);
    const after = entriesOf(lockText());
    expect(after.get('coder')).toEqual(before.get('coder'));
    expect(after.get('chat')).not.toEqual(before.get('chat'));
  });

  it('refuses a name that is not declared, and does nothing for the others', async () => {
    machine.write('models.yaml', documents(chat, coder));
    await runLock();
    machine.publish('library/chat:v1', 'moved');
    const before = lockText();
    const result = await runUpdate({ models: ['chat', 'codre'] });
    expect([result.exitCode, codesOf(result.problems)]).toEqual([1, ['lock/unknown-model']]);
    expect(result.problems[0]?.detail).toContain('Did you mean "coder"?');
    expect(lockText()).toBe(before);
  });

  it('adds nothing: without a lock or an entry it sends to lock', async () => {
    machine.write('models.yaml', chat);
    const without = await runUpdate();
    expect([without.exitCode, codesOf(without.problems)]).toEqual([1, ['lock/missing']]);
    await runLock();
    machine.write('models.yaml', documents(chat, coder));
    const partly = await runUpdate();
    expect([partly.exitCode, codesOf(partly.problems)]).toEqual([0, ['lock/no-entry']]);
    expect([...entriesOf(lockText()).keys()]).toEqual(['chat']);
  });

  it('says so when the lock cannot be written, since a copy elsewhere would not count', async () => {
    machine.write('models.yaml', chat);
    await runLock();
    machine.publish('library/chat:v1', 'moved');
    vi.spyOn(machine.io.files, 'writeAtomic').mockRejectedValue(
      Object.assign(new Error('read-only'), { code: 'EROFS' }),
    );
    const result = await runUpdate();
    expect([result.exitCode, codesOf(result.problems)]).toEqual([3, ['lock/not-written']]);
  });
});
