// Bytes that go bad on the disk of a machine: found, located, brought back, and nothing else touched.
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Files, Io } from '../../src/io/io.ts';
import { createNodeIo } from '../../src/io/node.ts';
import { repair, verify } from '../../src/library.ts';
import { creeping, skipLongWaits } from '../fakes/long-waits.ts';
import { createRegistry } from '../fakes/registry-server.ts';
import { digestOf } from '../fakes/registry-store.ts';
import { tinyGguf } from '../fakes/tiny-gguf.mjs';
import {
  createMachine,
  documents,
  type Machine,
  modelDocument,
  ollamaUrl,
  source,
} from '../machine.ts';

let machine: Machine | undefined;

afterEach(() => machine?.remove());

const weights = tinyGguf();
const second = tinyGguf({ seed: 7 });
const embedded =
  'apiVersion: modelctl.dev/v1alpha1\nkind: Backend\nmetadata: { name: mine }\nspec: { type: embedded }\n';
const webSource = (name: string, bytes: Buffer): string =>
  `source: "https://models.example.com/files/${name}#${digestOf(bytes).replace(':', '=')}"`;

async function setUp(wrap: (io: Io) => Io = (io) => io) {
  machine = createMachine();
  const registry = createRegistry();
  registry.files.set('x.gguf', weights);
  registry.files.set('y.gguf', second);
  Object.assign(machine.io, { web: registry.http });
  machine.write(
    'models.yaml',
    documents(
      modelDocument('chat', webSource('x.gguf', weights)),
      modelDocument('other', webSource('y.gguf', second), 'aliases: [again]'),
      embedded,
    ),
  );
  expect((await machine.apply()).exitCode).toBe(0);
  registry.requests.length = 0;
  const io = wrap(machine.io);
  const inputs = [join(machine.folder, 'models.yaml')];
  const blob = (bytes: Buffer): string =>
    join(machine?.home ?? '', 'cache/oci/blobs/sha256', digestOf(bytes).slice('sha256:'.length));
  return {
    machine,
    registry,
    inputs,
    blob,
    verify: (more = {}) => verify({ inputs, ...more }, { io: machine?.io ?? io }),
    repair: (more = {}) => repair({ inputs, ...more }, { io }),
  };
}

const damagesOf = ({ copies }: Awaited<ReturnType<typeof verify>>) =>
  copies.flatMap(({ file, models, verdict }) =>
    verdict.status === 'damaged' ? [`${models.join()} ${file} ${verdict.damage}`] : [],
  );

describe('verify', () => {
  it('finds everything right after an apply, and a quick look hashes nothing again', async () => {
    const world = await setUp();
    const first = await world.verify();
    expect(first).toMatchObject({ exitCode: 0, names: [], problems: [] });
    // Weights, config and manifest of each; an alias has what it is another name of.
    expect(first.copies).toHaveLength(6);
    expect(first.copies.every(({ verdict }) => 'hashed' in verdict && verdict.hashed)).toBe(true);
    const again = await world.verify({ quick: true });
    expect(again.copies.some(({ verdict }) => 'hashed' in verdict && verdict.hashed)).toBe(false);
    expect(
      again.copies.find(({ file }) => file === 'y.gguf')?.names.map(({ name }) => name),
    ).toEqual(['again', 'other']);
  });

  it('finds what is swapped, cut off, zeroed and gone', async () => {
    const world = await setUp();
    writeFileSync(world.blob(weights), second);
    truncateSync(world.blob(second), 100);
    const found = await world.verify();
    expect(found.exitCode).toBe(2);
    expect(damagesOf(found).toSorted()).toEqual(['chat x.gguf swapped', 'other y.gguf truncated']);
    writeFileSync(world.blob(weights), Buffer.alloc(weights.length));
    rmSync(world.blob(second));
    expect(damagesOf(await world.verify()).toSorted()).toEqual([
      'chat x.gguf zeroed',
      'other y.gguf missing',
    ]);
  });

  it('finds in full what keeps its size and its time, and remembers that it is wrong', async () => {
    const world = await setUp();
    const path = world.blob(weights);
    const then = new Date(Date.UTC(2030, 0, 1));
    utimesSync(path, then, then);
    await world.verify();
    const bytes = readFileSync(path);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    utimesSync(path, then, then);
    expect((await world.verify({ quick: true })).exitCode).toBe(0);
    expect(damagesOf(await world.verify())).toEqual(['chat x.gguf changed']);
    expect(damagesOf(await world.verify({ quick: true }))).toEqual(['chat x.gguf changed']);
  });

  it('looks into the Hugging Face cache and the staging folder as well', async () => {
    const world = await setUp();
    const hex = digestOf(weights).slice('sha256:'.length);
    const blobs = join(world.machine.folder, 'user/.cache/huggingface/hub/models--a--b/blobs');
    for (const folder of [blobs, join(world.machine.home, 'cache/staging')]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, hex), 'damaged');
    }
    const found = await world.verify({ models: ['chat'] });
    expect(
      found.copies
        .filter(({ verdict }) => verdict.status === 'damaged')
        .map(({ store }) => store)
        .toSorted(),
    ).toEqual(['the Hugging Face cache', 'the staging folder']);
    // The store of the engine has them right: nothing is fetched.
    const mended = await world.repair();
    expect(mended.exitCode).toBe(0);
    expect(world.registry.requests).toEqual([]);
    expect(readFileSync(join(blobs, hex))).toEqual(weights);
  });

  it('says what is not there yet, what is gone, and what is not locked', async () => {
    const world = await setUp();
    rmSync(join(world.machine.home, 'cache/oci'), { recursive: true });
    const gone = await world.verify();
    expect(gone.names.map(({ status }) => status)).toEqual(['missing', 'missing', 'missing']);
    expect(gone.exitCode).toBe(2);
    rmSync(world.machine.home, { recursive: true });
    const absent = await world.verify();
    expect(absent.names.map(({ status }) => status)).toEqual(['absent', 'absent', 'absent']);
    expect(absent.exitCode).toBe(0);
    world.machine.write(
      'models.yaml',
      documents(modelDocument('new', webSource('z.gguf', weights)), embedded),
    );
    const unlocked = await world.verify();
    expect(unlocked).toMatchObject({ exitCode: 3, copies: [] });
    expect(unlocked.names).toMatchObject([{ model: 'new', status: 'unchecked' }]);
    expect(world.registry.requests).toEqual([]);
  });

  it('refuses names of no Model', async () => {
    const world = await setUp();
    expect(await world.verify({ models: ['chatt'] })).toMatchObject({ exitCode: 1, copies: [] });
  });

  it('says of an Ollama whose files are out of reach that it could not look', async () => {
    machine = createMachine();
    machine.publish('library/tiny:v1', 'tiny');
    machine.write('models.yaml', modelDocument('tiny', source('tiny:v1')));
    await machine.apply();
    const inputs = [join(machine.folder, 'models.yaml')];
    const found = await verify({ inputs }, { io: machine.io });
    expect(found).toMatchObject({ exitCode: 3, copies: [] });
    expect(found.names).toMatchObject([
      { model: 'tiny', status: 'unchecked', problem: { code: 'verify/no-store' } },
    ]);
    machine.setDown(true);
    expect((await verify({ inputs }, { io: machine.io })).names).toMatchObject([
      { status: 'unchecked', problem: { code: 'backend/unreachable' } },
    ]);
  });
});

describe('repair', () => {
  it('does nothing where nothing is damaged, and takes no lock for it', async () => {
    const world = await setUp();
    const before = world.machine.written();
    expect(await world.repair()).toMatchObject({ exitCode: 0, repairs: [] });
    expect(world.machine.written()).toEqual(before);
  });

  it('brings everything back, says so in the history, and verifies afterwards', async () => {
    const world = await setUp();
    writeFileSync(world.blob(weights), second);
    appendFileSync(world.blob(second), 'more');
    const manifest = (await world.verify()).copies.find(({ file }) => file === 'manifest');
    rmSync(manifest?.path ?? '');
    const mended = await world.repair();
    expect(mended.repairs.map(({ outcome }) => outcome)).toEqual([
      'repaired',
      'repaired',
      'repaired',
    ]);
    expect(mended.exitCode).toBe(0);
    const after = await world.verify({ quick: true });
    expect(after.exitCode).toBe(0);
    expect(after.copies.some(({ verdict }) => 'hashed' in verdict && verdict.hashed)).toBe(false);
    expect(readFileSync(world.blob(weights))).toEqual(weights);
    expect(existsSync(join(world.machine.home, 'cache/staging', 'x'))).toBe(false);
    expect((await world.machine.plan()).plan?.actions).toEqual([]);
  });

  it('only says what it would do with a dry run', async () => {
    const world = await setUp();
    writeFileSync(world.blob(weights), second);
    const before = world.machine.written();
    expect(await world.repair({ dryRun: true })).toMatchObject({
      exitCode: 0,
      repairs: [{ outcome: 'planned', downloadBytes: weights.length }],
    });
    expect(world.machine.written()).toEqual(before);
  });

  it('fetches no faster than it was told to', async () => {
    const waits = skipLongWaits(createNodeIo().clock);
    const world = await setUp((io) => ({ ...io, clock: waits.clock }));
    for (const bytes of [weights, second]) rmSync(world.blob(bytes));
    const { exitCode } = await world.repair({ rateLimit: creeping });
    expect([exitCode, waits.count() > 0]).toEqual([0, true]);
  });

  it('leaves alone what it was not asked for', async () => {
    const world = await setUp();
    truncateSync(world.blob(weights), 10);
    truncateSync(world.blob(second), 10);
    expect(await world.repair({ models: ['chat'] })).toMatchObject({
      repairs: [{ outcome: 'repaired', copy: { models: ['chat'] } }],
    });
    expect(damagesOf(await world.verify())).toEqual(['other y.gguf truncated']);
  });

  it('keeps the damaged file, and says why, when its source is gone', async () => {
    const world = await setUp();
    truncateSync(world.blob(weights), 10);
    world.registry.files.delete('x.gguf');
    const mended = await world.repair();
    expect(mended).toMatchObject({ exitCode: 3, repairs: [{ outcome: 'failed' }] });
    expect(statSync(world.blob(weights)).size).toBe(10);
  });

  it('leaves others that read the damaged file what they read', async () => {
    const world = await setUp();
    writeFileSync(world.blob(weights), second);
    const reader = join(world.machine.folder, 'reader');
    linkSync(world.blob(weights), reader);
    await world.repair();
    expect(readFileSync(reader)).toEqual(second);
    expect(readFileSync(world.blob(weights))).toEqual(weights);
  });

  it("brings a blob of Ollama's own store back, where that is a folder of ours", async () => {
    machine = createMachine();
    const store = join(machine.folder, 'ollama');
    const published = machine.ollama.registry.publish('library/tiny:v1', { weights: 'some' });
    machine.write(
      'models.yaml',
      documents(
        modelDocument('tiny', source('tiny:v1')),
        `apiVersion: modelctl.dev/v1alpha1\nkind: Backend\nmetadata: { name: ours }\nspec: { type: ollama, endpoint: "${ollamaUrl}", files: { path: ${store} } }\n`,
      ),
    );
    expect((await machine.apply()).exitCode).toBe(0);
    const { files, manifest = '' } = published.artifact();
    machine.write('ollama/manifests/127.0.0.1:11434/library/tiny/v1', manifest);
    const pathOf = (digest: string): string => `blobs/${digest.replace(':', '-')}`;
    for (const { digest } of files) {
      const blob = machine.ollama.registry.blob(digest);
      machine.write(`ollama/${pathOf(digest)}`, Buffer.from(blob?.bytes ?? '').toString('utf8'));
    }
    const inputs = [join(machine.folder, 'models.yaml')];
    expect(await verify({ inputs }, { io: machine.io })).toMatchObject({ exitCode: 0, names: [] });
    const weightsBlob = join(store, pathOf(published.artifact().weights));
    writeFileSync(weightsBlob, 'same');
    const found = await verify({ inputs }, { io: machine.io });
    expect(found.exitCode).toBe(2);
    expect(await repair({ inputs }, { io: machine.io })).toMatchObject({
      exitCode: 0,
      repairs: [{ outcome: 'repaired', copy: { path: weightsBlob } }],
    });
    expect(readFileSync(weightsBlob, 'utf8')).toBe('some');
  });

  it('comes to the same end after a crash at any effect', async () => {
    for (let at = 1, isOver = false; !isOver; at += 1) {
      const world = await setUp((io) => ({ ...io, files: mortal(io.files, at) }));
      writeFileSync(world.blob(weights), Buffer.alloc(weights.length));
      rmSync(world.blob(second));
      isOver = await world.repair().then(
        ({ exitCode }) => exitCode === 0,
        () => false,
      );
      const again = await repair({ inputs: world.inputs }, { io: world.machine.io });
      expect(again).toMatchObject({ exitCode: 0 });
      if (isOver) expect(again.repairs).toEqual([]);
      expect((await world.verify()).exitCode).toBe(0);
      expect((await world.machine.apply()).plan?.actions).toEqual([]);
      const left = Object.keys(world.machine.written()).filter((path) => path.includes('repair'));
      expect(left.filter((path) => dirname(path) !== world.machine.folder)).toEqual([]);
      world.machine.remove();
    }
  });
});

/** After so many changes of the disk every further one fails, as in a process that is gone. */
function mortal(files: Files, lives: number): Files {
  let left = lives;
  const effect =
    <G extends unknown[], R>(act: (...given: G) => Promise<R>) =>
    async (...given: G): Promise<R> => {
      left -= 1;
      if (left <= 0) throw new Error('killed');
      return act(...given);
    };
  return {
    ...files,
    writeAtomic: effect(files.writeAtomic),
    rename: effect(files.rename),
    clone: effect(files.clone),
    link: effect(files.link),
    remove: effect(files.remove),
    assemble: effect(files.assemble),
    giveLike: effect(files.giveLike),
  };
}
