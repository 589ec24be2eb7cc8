import { describe, expect, test } from 'vitest';
import { renderEntry, renderLock, renderSummary } from '../../src/render/changeset.ts';
import { changes } from './plan-values.ts';

describe('what a run did', () => {
  test('is one line an action, and a problem below the one that failed', () => {
    expect(changes.entries.map((entry) => renderEntry(entry)).join('\n')).toMatchInlineSnapshot(`
      "pulled     qwen3:8b (coder)  5.2 GB in 1m02s
      failed     coder:latest (create)  340ms
      error: Ollama could not make a model [ollama/create-failed]
        It said: Authorization: *** *** was refused\\e[31m.
        Look at its log.
      loaded     starter  25ms
      skipped    old:latest (evict)"
    `);
  });

  test('is summed up in one line', () => {
    expect(renderSummary(changes)).toMatchInlineSnapshot(
      `"Not all done: 1 pulled, 1 loaded, 1 failed, 1 skipped; 1 as declared, 1 held. Downloaded 5.2 GB."`,
    );
  });

  test('says that an interrupted run goes on the next time', () => {
    const interrupted = { ...changes, entries: [], interrupted: true };
    expect(renderSummary(interrupted)).toMatchInlineSnapshot(
      `"Interrupted: 1 as declared, 1 held. The next run goes on from here."`,
    );
  });

  test('tells of the lock only when it was written', () => {
    const lock = { path: '/m/models.lock.yaml', added: 1, removed: 2, written: true };
    expect(renderLock(lock, '/m')).toMatchInlineSnapshot(
      `"Lock: models.lock.yaml, 1 entry added, 2 entries removed."`,
    );
    expect(renderLock({ ...lock, written: false })).toBe('');
  });
});
