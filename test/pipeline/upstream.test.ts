// lock and outdated on a machine: what they ask, and what they write.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lock } from '../../src/lock.ts';
import { outdated } from '../../src/outdated.ts';
import { parseLock } from '../../src/resolve/lock-file.ts';
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
  machine.publish('library/code:v1', 'three');
});

afterEach(() => {
  vi.restoreAllMocks();
  machine.remove();
});

/** Addresses of what is asked from now on, of engines and sources alike. */
function asked(): readonly string[] {
  const urls: string[] = [];
  const { request } = machine.io.web;
  vi.spyOn(machine.io.web, 'request').mockImplementation((one) => {
    urls.push(one.url);
    return request(one);
  });
  return urls;
}

const context = () => ({ io: machine.io, signal: AbortSignal.timeout(15_000) });
const inputs = () => [`${machine.folder}/models.yaml`];
const runLock = (check = false) => lock({ inputs: inputs(), check }, context());
const runOutdated = (...models: readonly string[]) =>
  outdated({ inputs: inputs(), ...(models.length === 0 ? {} : { models }) }, context());

const lockText = () => machine.read('models.lock.yaml');
const revisions = (): Readonly<Record<string, string>> => {
  const parsed = parseLock(lockText(), 'models.lock.yaml');
  if (!parsed.ok) throw new Error(parsed.problems[0]?.detail);
  return Object.fromEntries(
    parsed.value.entries.map((one) => [`${one.model} ${one.target}`, one.revision]),
  );
};
const codesOf = (problems: readonly { readonly code: string }[]) =>
  problems.map(({ code }) => code);
const statusesOf = ({ standings }: Awaited<ReturnType<typeof runOutdated>>) =>
  standings.map(({ model, status }) => `${model} ${status}`);

const chat = modelDocument('chat', source('chat:v1'));
const coder = modelDocument('coder', source('code:v1'));
const file = modelDocument('file', 'source: file://./model.gguf');
const web = modelDocument(
  'web',
  `source: https://files.example/model.gguf#sha256=${'a'.repeat(64)}`,
);

describe('lock', () => {
  it('writes the lock, with every engine down, and nothing else', async () => {
    machine.write(
      'models.yaml',
      documents(
        chat,
        'apiVersion: modelctl.dev/v1alpha1\nkind: Backend\nmetadata: { name: gone }\nspec: { type: ollama, endpoint: "http://127.0.0.1:9" }\n',
      ),
    );
    const before = Object.keys(machine.written());
    const urls = asked();
    const result = await runLock();
    expect([result.exitCode, result.problems]).toEqual([0, []]);
    expect(result.added.map(({ model, target }) => `${model} ${target}`)).toEqual(['chat -']);
    expect(result.added[0]?.version?.bytes).toBeGreaterThan(1000);
    expect(Object.keys(machine.written()).filter((path) => !before.includes(path))).toEqual([
      `${machine.folder}/models.lock.yaml`,
    ]);
    expect(urls.map((url) => new URL(url).pathname.slice(0, 4))).toEqual(['/v2/', '/v2/']);
  });

  it('adds and removes, moves nothing, and is content with what it wrote', async () => {
    machine.write('models.yaml', documents(chat, coder));
    await runLock();
    const before = revisions();
    machine.publish('library/chat:v1', 'moved');
    machine.write('models.yaml', documents(chat, modelDocument('again', source('chat:v1'))));
    const result = await runLock();
    expect(result.added.map(({ model }) => model)).toEqual(['again']);
    expect(result.removed.map(({ model }) => model)).toEqual(['coder']);
    expect(revisions()).toEqual({ 'again -': before['chat -'], 'chat -': before['chat -'] });
    const again = await runLock();
    expect([again.changed, again.written, again.exitCode]).toEqual([false, false, 0]);
  });

  it('locks what every host needs, on a machine that is none of them', async () => {
    const on = (name: string) =>
      modelDocument(`on-${name}`, source('chat:v1'), `targets: [${name}]`);
    machine.write(
      'models.yaml',
      documents(
        ...['one', 'two'].flatMap((name) => [hostDocument(name), targetDocument(name), on(name)]),
      ),
    );
    expect((await machine.plan()).plan).toBeNull();
    expect((await runLock()).exitCode).toBe(0);
    expect(Object.keys(revisions())).toEqual(['on-one one', 'on-two two']);
  });

  it('speaks for no more than the part of a set that it is given', async () => {
    machine.write('all/a.yaml', chat);
    machine.write('all/b.yaml', coder);
    await lock({ inputs: [`${machine.folder}/all`] }, context());
    const before = machine.read('all/models.lock.yaml');
    const part = await lock({ inputs: [`${machine.folder}/all/b.yaml`] }, context());
    expect([part.exitCode, part.written]).toEqual([0, false]);
    machine.write('all/b.yaml', modelDocument('coder', source('chat:v1')));
    const edited = await lock({ inputs: [`${machine.folder}/all/b.yaml`] }, context());
    expect([edited.added.length, edited.removed.length]).toEqual([1, 1]);
    expect(machine.read('all/models.lock.yaml')).toContain(before.split(/^---\n/m)[1]);
  });

  it('is the lock that apply would have written', async () => {
    machine.write('models.yaml', documents(chat, coder));
    await runLock();
    const before = lockText();
    const applied = await machine.apply();
    expect([applied.exitCode, applied.lock?.written]).toEqual([0, false]);
    expect(lockText()).toBe(before);
  });

  it('locks the rest when one source cannot be asked', async () => {
    machine.write(
      'models.yaml',
      documents(coder, modelDocument('far', 'source: ollama://127.0.0.1:9/library/far:v1')),
    );
    const result = await runLock();
    expect([result.exitCode, codesOf(result.problems)]).toEqual([3, ['lock/not-resolved']]);
    expect(Object.keys(revisions())).toEqual(['coder -']);
  });

  it('writes nothing when a source is not there at all', async () => {
    machine.write('models.yaml', documents(coder, modelDocument('gone', source('gone:v1'))));
    const result = await runLock();
    expect([result.exitCode, result.written]).toEqual([1, false]);
    expect(result.problems[0]).toMatchObject({ subject: 'Model/gone', origin: { line: 11 } });
    expect(() => lockText()).toThrow('ENOENT');
  });

  it('tells of a file that was changed in place, and keeps its entry', async () => {
    machine.write('model.gguf', 'GGUF one');
    machine.write('models.yaml', file);
    await runLock();
    machine.write('model.gguf', 'GGUF another');
    const before = lockText();
    const result = await runLock();
    expect([result.exitCode, codesOf(result.problems)]).toEqual([0, ['lock/changed-in-place']]);
    expect(result.problems[0]?.remedy).toContain('modelctl update file');
    expect(lockText()).toBe(before);
  });

  it('keeps the lock of what comes from standard input in the state directory', async () => {
    const readStdin = () => Promise.resolve(Buffer.from(chat));
    const io = { ...machine.io, files: { ...machine.io.files, readStdin } };
    const result = await lock({ inputs: ['-'] }, { ...context(), io });
    expect(result.exitCode).toBe(0);
    expect(result.path).toMatch(`${machine.home}/state/locks/`);
  });

  it('refuses to write over what somebody else wrote meanwhile', async () => {
    machine.write('models.yaml', chat);
    await runLock();
    machine.write('models.yaml', documents(chat, coder));
    const others = `${lockText()}# by hand\n`;
    const request: typeof machine.io.web.request = (one) => {
      machine.write('models.lock.yaml', others);
      return machine.io.web.request(one);
    };
    const io = { ...machine.io, web: { request } };
    const result = await lock({ inputs: inputs() }, { ...context(), io });
    expect([result.exitCode, codesOf(result.problems)]).toEqual([3, ['lock/changed-meanwhile']]);
    expect(lockText()).toBe(others);
  });
});

describe('lock --check', () => {
  it('says what would change, asks no source and writes nothing', async () => {
    machine.write('models.yaml', documents(chat, coder));
    const missing = await runLock(true);
    expect([missing.exitCode, missing.added.map(({ model }) => model)]).toEqual([
      2,
      ['chat', 'coder'],
    ]);
    await runLock();
    const urls = asked();
    const before = machine.written();
    expect((await runLock(true)).exitCode).toBe(0);
    machine.write('models.yaml', modelDocument('chat', source('chat:v2')));
    const stale = await runLock(true);
    expect([stale.exitCode, stale.added.length, stale.removed.length]).toEqual([2, 1, 2]);
    expect(urls).toEqual([]);
    expect(Object.keys(machine.written())).toEqual(Object.keys(before));
  });
});

describe('outdated', () => {
  it('tells apart what moved, what cannot move, and what cannot be asked', async () => {
    machine.write('model.gguf', 'GGUF one');
    const far = modelDocument('far', 'source: ollama://127.0.0.1:9/library/far:v1');
    machine.write('models.yaml', documents(chat, coder, file, far));
    await runLock();
    const locked = lockText();
    machine.write(
      'models.lock.yaml',
      `${locked}${entryFor('far', 'ollama://127.0.0.1:9/library/far:v1')}`,
    );
    machine.write('models.lock.yaml', `${lockText()}${entryFor('web', webSource)}`);
    machine.write(
      'models.yaml',
      documents(chat, coder, file, far, web, modelDocument('new', source('code:v2'))),
    );
    machine.publish('library/chat:v1', 'moved');
    machine.write('model.gguf', 'GGUF changed in place');
    const before = machine.written();
    const result = await runOutdated();
    expect(result.exitCode).toBe(3);
    expect(statusesOf(result)).toEqual([
      'chat moved',
      'coder current',
      'file moved',
      'far unknown',
      'web pinned',
      'new unlocked',
    ]);
    const [moved, , inPlace, unknown] = result.standings;
    expect(moved).toMatchObject({
      changed: [{ part: 'weights', change: 'replaced', bytes: 1000 }],
      downloadBytes: 1000,
    });
    expect(inPlace).toMatchObject({
      changed: [{ part: 'weights', path: 'model.gguf' }],
      downloadBytes: 0,
    });
    expect(unknown?.problem).toMatchObject({ subject: 'Model/far', retry: 'later' });
    expect(machine.written()).toEqual(before);
  });

  it('asks each source once, whatever asks for it', async () => {
    const models = Array.from({ length: 12 }, (_, index) => `model-${index}`);
    for (const name of models) machine.publish(`library/${name}:v1`, name);
    machine.write(
      'models.yaml',
      documents(
        ...models.map((name) => modelDocument(name, source(`${name}:v1`))),
        modelDocument('same', source('model-0:v1')),
      ),
    );
    await runLock();
    const urls = asked();
    await runOutdated();
    const manifests = urls.filter((url) => url.includes('/manifests/'));
    expect([manifests.length, new Set(manifests).size]).toEqual([12, 12]);
  });

  it('looks at those that are named, and knows who was meant by a misspelt name', async () => {
    machine.write('models.yaml', documents(chat, coder));
    await runLock();
    expect(statusesOf(await runOutdated('coder'))).toEqual(['coder current']);
    const unknown = await runOutdated('codre');
    expect([unknown.exitCode, codesOf(unknown.problems)]).toEqual([1, ['lock/unknown-model']]);
    expect(unknown.problems[0]?.detail).toContain('Did you mean "coder"?');
  });
});

const webSource = `https://files.example/model.gguf#sha256=${'a'.repeat(64)}`;

const entryFor = (model: string, from: string): string =>
  [
    '---',
    `model: ${model}`,
    "target: '-'",
    `source: ${from}`,
    `revision: sha256:${'a'.repeat(64)}`,
    `weights: sha256:${'a'.repeat(64)}`,
    'files:',
    '  - path: model.gguf',
    '    bytes: 12',
    `    digest: sha256:${'a'.repeat(64)}`,
    'facts: {}',
    '',
  ].join('\n');
