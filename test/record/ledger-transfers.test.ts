// Transfers in a ledger that another process has open, too.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { UnfinishedTransfer } from '../../src/core/transfer.ts';
import { createNodeIo } from '../../src/io/node.ts';
import { openLedger } from '../../src/record/ledger.ts';

const io = createNodeIo();
const digest = `sha256:${'ab'.repeat(32)}` as const;
const transfer: UnfinishedTransfer = {
  digest,
  bytes: 100,
  source: 'https://models.example.com/x.gguf',
  path: 'x.gguf',
  wantedBy: { model: 'tiny', name: 'tiny:latest' },
  partial: '/cache/staging/x.partial',
  validator: null,
  written: [[0, 50]],
  durable: [],
  boot: 'this',
  process: { pid: 7, start: 'then' },
  startedAt: 1,
  updatedAt: 2,
};

async function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'modelctl-ledger-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'ledger.db');
  const open = async (mode: 'read' | 'beside' | 'write') => {
    const ledger = await openLedger({ path, mode }, io);
    onTestFinished(ledger.close);
    return ledger;
  };
  return { path, open };
}

describe('a ledger that is opened beside the one that holds the lock', () => {
  it('is not made', async () => {
    const { path, open } = await setUp();
    expect((await open('beside')).transfers()).toEqual([]);
    expect(await io.files.stat(path)).toBeNull();
  });

  it('takes what is asked of a transfer, and the other one is told of it once', async () => {
    const { open } = await setUp();
    const run = await open('write');
    run.journal.save(transfer);
    const beside = await open('beside');
    expect(beside.transfers()).toEqual([transfer]);
    expect(run.journal.isAsked(digest)).toBe(false);
    expect(beside.askTransfer(digest, 'drop')).toBe(true);
    expect(run.journal.isAsked(digest)).toBe(true);
    expect([run.journal.save(transfer), run.journal.save(transfer)]).toEqual(['drop', null]);
  });

  it('owns nothing, so it cannot be told that it does', async () => {
    const { open } = await setUp();
    await open('write');
    const beside = await open('beside');
    expect(() =>
      beside.beginRun({ set: 'x', location: '/', engine: null, backends: [], entries: [] }),
    ).toThrow('opened for reading, or beside');
  });
});

describe('what is left of a transfer', () => {
  it('is dropped while nobody can take it up', async () => {
    const { open } = await setUp();
    const run = await open('write');
    run.journal.save({ ...transfer, process: null });
    const beside = await open('beside');
    const steps: string[] = [];
    const isDropped = await beside.dropTransfer(digest, {
      isFree: async ({ process }) => process === null,
      remove: async () => {
        steps.push('removed', String(beside.transfers().length));
      },
    });
    expect([isDropped, steps, run.transfers()]).toEqual([true, ['removed', '1'], []]);
    expect(run.journal.take(digest, { pid: 7, start: null })).toBeNull();
  });

  it('stays when somebody has taken it up, and what was asked before is void', async () => {
    const { open } = await setUp();
    const run = await open('write');
    run.journal.save({ ...transfer, process: null });
    const beside = await open('beside');
    beside.askTransfer(digest, 'drop');
    const process = { pid: 8, start: 'now' };
    expect(run.journal.take(digest, process)).toEqual({ ...transfer, process });
    expect(run.journal.isAsked(digest)).toBe(false);
    const isDropped = await beside.dropTransfer(digest, {
      isFree: async (known) => known.process === null,
      remove: () => Promise.reject(new Error('it is in use')),
    });
    expect([isDropped, run.transfers().length]).toEqual([false, 1]);
  });

  it('stays on record when its file cannot be removed', async () => {
    const { open } = await setUp();
    const run = await open('write');
    run.journal.save({ ...transfer, process: null });
    const beside = await open('beside');
    const remove = () => Promise.reject(new Error('no'));
    const dropped = beside.dropTransfer(digest, { isFree: async () => true, remove });
    await expect(dropped).rejects.toThrow('no');
    expect(run.transfers()).toHaveLength(1);
    expect(run.journal.save(transfer)).toBeNull();
  });
});
