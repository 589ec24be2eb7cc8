// Files that are being made, in a ledger: known to the run after one that was killed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createNodeIo } from '../../src/io/node.ts';
import { openLedger } from '../../src/record/ledger.ts';

it('are known to the next run until they are said to be gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'modelctl-ledger-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const open = async (mode: 'read' | 'write') => {
    const ledger = await openLedger({ path: join(folder, 'ledger.db'), mode }, createNodeIo());
    onTestFinished(ledger.close);
    return ledger.drafts;
  };
  const run = await open('write');
  run.note('/store/b.partial');
  run.note('/store/a.partial');
  // As after a kill in the middle of this.
  run.note('/store/a.partial');
  expect((await open('read')).all()).toEqual(['/store/a.partial', '/store/b.partial']);
  const next = await open('write');
  next.drop('/store/a.partial');
  next.drop('/store/never.partial');
  expect((await open('read')).all()).toEqual(['/store/b.partial']);
});
