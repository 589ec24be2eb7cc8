// The ledger as a file: made whole or not at all, never written when nothing is to be said, and
// never touched when it is damaged, newer or somebody else's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { createNodeIo } from '../../src/io/node.ts';
import { openFile } from '../../src/record/ledger/file.ts';
import { migrations } from '../../src/record/ledger/schema.ts';
import { type Ledger, openLedger } from '../../src/record/ledger.ts';
import { action, change, digestOf, entry, keyOf, scope } from './record-values.ts';

const now = Date.UTC(2030, 0, 2);
const io = createNodeIo();

let folder: string;
let path: string;
const opened: Ledger[] = [];

beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'modelctl-ledger-'));
  path = join(folder, 'state', 'ledger.db');
});

afterEach(async () => {
  for (const ledger of opened.splice(0)) ledger.close();
  await fs.rm(folder, { recursive: true, force: true });
});

async function open(mode: 'read' | 'write', at = path): Promise<Ledger> {
  const ledger = await openLedger({ path: at, mode }, io);
  opened.push(ledger);
  return ledger;
}

const close = (): void => {
  for (const ledger of opened.splice(0)) ledger.close();
};

/** Every file in the state folder, with its bytes and when it was changed. */
async function snapshot(): Promise<unknown> {
  const state = join(folder, 'state');
  const names = (await fs.readdir(state)).toSorted();
  return Promise.all(
    names.map(async (name) => ({
      name,
      bytes: (await fs.readFile(join(state, name))).toString('base64'),
      changedAt: (await fs.stat(join(state, name))).mtimeMs,
    })),
  );
}

/** A ledger with something in every table, closed. */
async function writeLedger(names: readonly string[] = ['a', 'b', 'c']): Promise<void> {
  const ledger = await open('write');
  const entries = names.map((name) => entry(name));
  const run = ledger.beginRun({ ...scope(), entries });
  for (const [index, one] of entries.entries()) {
    const create = action('create', one.name);
    const made = { revision: digestOf('r'), base: null, recipe: null };
    const details = { weights: digestOf('w'), recipe: { parameters: { temperature: index } } };
    run.openIntent(create, now);
    run.closeIntent(change(create), { entry: one, made, details }, now);
  }
  run.openIntent(action('load', 'a'), now);
  ledger.approve(keyOf('a'), 'ann', now);
  close();
}

const refusesToWrite = (ledger: Ledger): void => {
  expect(ledger.view(now).mode).toBe('read-only');
  expect(() => ledger.beginRun({ ...scope(), entries: [entry('z')] })).toThrow(ProblemError);
  expect(() => ledger.approve(keyOf('z'), 'ann', now)).toThrow(ProblemError);
};

describe('a ledger that is not there', () => {
  it('reads as empty, and reading makes nothing', async () => {
    const ledger = await open('read');
    expect(ledger.problem).toBeNull();
    expect(ledger.view(now)).toMatchObject({ mode: 'writable', inventory: [] });
    close();
    expect(await fs.readdir(folder)).toEqual([]);
  });

  it('is made for writing, in one file that nothing is left beside', async () => {
    await open('write');
    close();
    expect(await fs.readdir(join(folder, 'state'))).toEqual(['ledger.db']);
  });

  it('takes away what a run left that was killed while it made one', async () => {
    const draft = join(folder, 'state', '.modelctl-ledger-0123456789ab.tmp');
    await fs.mkdir(join(folder, 'state'));
    for (const end of ['', '-wal', '-shm']) await fs.writeFile(`${draft}${end}`, 'half');
    await open('write');
    close();
    expect(await fs.readdir(join(folder, 'state'))).toEqual(['ledger.db']);
  });

  it('cannot be made where a file stands in the way', async () => {
    await fs.writeFile(join(folder, 'state'), 'a file');
    const ledger = await open('write');
    expect(ledger.problem).toMatchObject({ code: 'record/ledger-unreadable' });
    refusesToWrite(ledger);
  });
});

describe('a ledger that is there', () => {
  it('says the same to whoever opens it next', async () => {
    await writeLedger();
    for (const mode of ['read', 'write'] as const) {
      const ledger = await open(mode);
      const view = ledger.view(now);
      expect(view.mode).toBe('writable');
      expect(view.inventory).toEqual([entry('a'), entry('b'), entry('c')]);
      expect(view.interrupted).toEqual(new Set([keyOf('a')]));
      expect(view.approved).toEqual(new Set([keyOf('a')]));
      expect(ledger.history({ limit: 10 })).toHaveLength(4);
      close();
    }
  });

  it.each(['read', 'write'] as const)('is not written by opening it to %s', async (mode) => {
    await writeLedger();
    const before = await snapshot();
    const ledger = await open(mode);
    ledger.view(now);
    ledger.history({ limit: 10 });
    const entries = ['a', 'b', 'c'].map((name) => entry(name));
    if (mode === 'write') {
      const nothing = { absent: [], closed: [], learned: new Map(), contests: [] };
      expect(ledger.settle({ ...scope(), ...nothing, entries })).toBe(false);
    }
    expect((await fs.stat(`${path}-wal`)).size).toBe(0);
    close();
    expect(await snapshot()).toEqual(before);
  });

  it('is kept in write-ahead mode, in strict tables', async () => {
    await writeLedger();
    const raw = new DatabaseSync(path);
    const modes = raw.prepare('PRAGMA journal_mode').get();
    const tables = raw.prepare(`SELECT name, strict FROM pragma_table_list WHERE schema = 'main'`);
    expect({ ...modes }).toEqual({ journal_mode: 'wal' });
    const lax = tables.all().filter(({ name, strict }) => strict !== 1 && name !== 'sqlite_schema');
    expect(lax).toEqual([]);
    raw.close();
  });

  it('can be read while it is written', async () => {
    await writeLedger();
    const writing = await open('write');
    const run = writing.beginRun({ ...scope(), entries: [entry('d')] });
    const reading = await open('read');
    expect(reading.view(now).inventory).toHaveLength(4);
    run.openIntent(action('pull', 'd'), now);
    expect((await open('read')).view(now).interrupted).toContain(keyOf('d'));
  });

  it('is read as it was when its last writer was cut off', async () => {
    await writeLedger();
    const writing = await open('write');
    writing.beginRun({ ...scope(), entries: [entry('d')] });
    const copy = join(folder, 'copy.db');
    for (const suffix of ['', '-wal']) await fs.copyFile(`${path}${suffix}`, `${copy}${suffix}`);
    expect((await open('read', copy)).view(now).inventory).toHaveLength(4);
  });
});

describe('a damaged ledger', () => {
  it('is left as it is at whatever byte it was cut off', async () => {
    await writeLedger(Array.from({ length: 40 }, (_, index) => `model-${index}`));
    const whole = await fs.readFile(path);
    const lengths = [0, 1, 15, 16, 99, 100, 101, 511, 1000, 4095, 4096, 4097];
    for (let length = 5000; length < whole.length; length += 3001) lengths.push(length);
    lengths.push(whole.length - 4096, whole.length - 1);
    for (const length of lengths) {
      const part = whole.subarray(0, length);
      await fs.writeFile(path, part);
      for (const mode of ['read', 'write'] as const) {
        const ledger = await open(mode);
        expect(ledger.problem?.code, `cut at ${length}`).toBe('record/ledger-damaged');
        expect(ledger.view(now)).toMatchObject({ mode: 'read-only', inventory: [] });
        expect(ledger.backends()).toEqual([]);
        close();
      }
      expect(await fs.readFile(path)).toEqual(part);
    }
    await fs.writeFile(path, whole);
    expect((await open('write')).problem).toBeNull();
  });

  it.each([
    ['text', 'this is not a ledger\n'.repeat(1000)],
    ['zeros', '\0'.repeat(8192)],
    ['a header and nothing behind it', `SQLite format 3\0${'\xff'.repeat(4080)}`],
  ])('is left as it is when it holds %s', async (_, content) => {
    await fs.mkdir(join(folder, 'state'));
    await fs.writeFile(path, content, 'latin1');
    const before = await fs.readFile(path);
    const ledger = await open('write');
    expect(ledger.problem?.code).toBe('record/ledger-damaged');
    refusesToWrite(ledger);
    close();
    expect(await fs.readFile(path)).toEqual(before);
  });

  it('never takes flipped bits for something else than damage or the ledger', async () => {
    await writeLedger();
    const whole = await fs.readFile(path);
    let damaged = 0;
    for (let at = 0; at < whole.length; at += 97) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 0xff;
      await fs.writeFile(path, flipped);
      const ledger = await open('read');
      if (ledger.problem !== null) {
        expect(ledger.view(now).mode).toBe('read-only');
        damaged += 1;
      }
      close();
    }
    expect(damaged).toBeGreaterThan(10);
  });

  it.each([
    ['digest', `'sha256:short'`],
    ['role', `'owner'`],
    ['made', `'{'`],
    ['made', `'{"revision":"x","base":null,"recipe":null}'`],
    ['adopted', '2'],
    ['residency', `'somewhere'`],
  ])('is one with a row whose %s is %s', async (column, value) => {
    await writeLedger();
    const raw = new DatabaseSync(path);
    raw.exec(`UPDATE inventory SET ${column} = ${value} WHERE name = 'b'`);
    raw.close();
    const ledger = await open('write');
    expect(ledger.problem).toMatchObject({
      code: 'record/ledger-damaged',
      detail: `${path}: a row has no valid ${column}.`,
    });
    refusesToWrite(ledger);
  });
});

describe('a ledger of another version', () => {
  it('is left alone when it is newer', async () => {
    await writeLedger();
    const raw = new DatabaseSync(path);
    raw.exec('PRAGMA user_version = 99');
    raw.close();
    const before = await fs.readFile(path);
    const ledger = await open('write');
    expect(ledger.problem).toMatchObject({ code: 'record/ledger-newer' });
    refusesToWrite(ledger);
    close();
    expect(await fs.readFile(path)).toEqual(before);
  });

  const later = [...migrations, 'CREATE TABLE usage (name TEXT PRIMARY KEY) STRICT'];

  it('is brought up to date when it is opened for writing', async () => {
    await writeLedger();
    const { raw, problem } = await openFile({ path, mode: 'write', migrations: later }, io);
    expect(problem).toBeNull();
    raw.exec(`INSERT INTO usage VALUES ('a')`);
    raw.close();
    const again = await openFile({ path, mode: 'write', migrations: later }, io);
    expect(again.raw.prepare('SELECT COUNT(*) AS rows FROM usage').get()?.['rows']).toBe(1);
    expect(again.raw.prepare('SELECT COUNT(*) AS rows FROM inventory').get()?.['rows']).toBe(3);
    again.raw.close();
    expect((await open('write')).problem?.code).toBe('record/ledger-newer');
  });

  it('is read as if it were up to date, and stays as it is', async () => {
    await writeLedger();
    const before = await fs.readFile(path);
    const { raw } = await openFile({ path, mode: 'read', migrations: later }, io);
    expect(raw.prepare('SELECT COUNT(*) AS rows FROM usage').get()?.['rows']).toBe(0);
    raw.close();
    expect(await fs.readFile(path)).toEqual(before);
    expect((await open('write')).problem).toBeNull();
  });

  it('keeps its version when a step fails', async () => {
    await writeLedger();
    const broken = [...migrations, 'CREATE TABLE usage (name TEXT) STRICT; not a statement'];
    await expect(openFile({ path, mode: 'write', migrations: broken }, io)).rejects.toThrow(
      'syntax',
    );
    expect((await open('write')).problem).toBeNull();
  });
});

describe('a ledger that is not ours to write', () => {
  const recordUrl = pathToFileURL(join(import.meta.dirname, '../../src/record/ledger.ts')).href;
  const ioUrl = pathToFileURL(join(import.meta.dirname, '../../src/io/node.ts')).href;

  /** In a process that file permissions apply to: an administrator's would pass them by. */
  async function asSomeoneElse(mode: 'read' | 'write'): Promise<unknown> {
    const program = `
      const { openLedger } = await import(${JSON.stringify(recordUrl)});
      const { createNodeIo } = await import(${JSON.stringify(ioUrl)});
      // Only now: a checkout in a private folder is closed to everybody else.
      process.setuid?.(process.getuid() === 0 ? 65534 : process.getuid());
      const options = { path: ${JSON.stringify(path)}, mode: ${JSON.stringify(mode)} };
      const ledger = await openLedger(options, createNodeIo());
      const view = ledger.view(0);
      console.log(JSON.stringify([ledger.problem?.code, view.mode, view.inventory.length]));
      ledger.close();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await once(child, 'close');
    return JSON.parse(output);
  }

  const state = (): string => join(folder, 'state');
  const permit = async (folderMode: number, fileMode: number): Promise<void> => {
    await fs.chmod(folder, 0o755);
    await fs.chmod(state(), 0o755);
    await fs.chmod(path, fileMode);
    await fs.chmod(state(), folderMode);
  };

  afterEach(() => fs.chmod(state(), 0o755));

  it.each([
    ['the file may only be read', 0o777, 0o444, ['record/ledger-not-writable', 'read-only', 3]],
    ['its folder may only be read', 0o555, 0o444, ['record/ledger-not-writable', 'read-only', 3]],
    ['the file may not be read', 0o777, 0o000, ['record/ledger-unreadable', 'read-only', 0]],
    ['its folder may not be entered', 0o000, 0o666, ['record/ledger-unreadable', 'read-only', 0]],
  ])('is read as far as possible when %s', async (_, folderMode, fileMode, expected) => {
    await writeLedger();
    const before = await fs.readFile(path);
    await permit(folderMode, fileMode);
    expect(await asSomeoneElse('read')).toEqual(expected);
    expect(await asSomeoneElse('write')).toEqual(expected);
    await permit(0o755, 0o600);
    expect(await fs.readFile(path)).toEqual(before);
  });

  it('is a folder', async () => {
    await fs.mkdir(path, { recursive: true });
    const ledger = await open('write');
    expect(ledger.problem?.code).toBe('record/ledger-unreadable');
    refusesToWrite(ledger);
  });
});
