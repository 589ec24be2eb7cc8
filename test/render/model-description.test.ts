import { describe, expect, test } from 'vitest';
import { renderModel } from '../../src/render/model-description.ts';
import { backendColumns, modelColumns } from '../../src/render/model-table.ts';
import { renderTable } from '../../src/render/table.ts';
import { backendDown, backendUp, modelHeld, modelLoaded } from './survey-values.ts';

const now = Date.UTC(2030, 0, 1);

describe('what a survey found', () => {
  test('is a table of models, where one behind an engine that is down is unknown', () => {
    expect(renderTable(modelColumns(now), [modelLoaded, modelHeld])).toMatchInlineSnapshot(`
      "NAME          MODEL   STATUS    LOADED        SIZE   ENGINE                   DIGEST         RESIDENCY   MEMORY   OWNERS             DETAIL
      qwen3:8b      coder   InSync    for 5m00s   5.2 GB   http://127.0.0.1:11434   aaaaaaaaaaaa   loaded      6.0 GB   f00dcafe (found)   -
      gone:latest   -       Unknown   -                -   http://127.0.0.1:11434   -              -                -   -                  unreachable: It does not answer."
    `);
  });

  test('is a table of backends, where one that is down has no count', () => {
    const rows = [backendUp, backendDown].map((one) => ({ ...one, models: 0 }));
    expect(renderTable(backendColumns, rows)).toMatchInlineSnapshot(`
      "NAME     TYPE     STATUS        VERSION    MODELS   FREE DISK   ENDPOINT                 HOST    STORE   DETAIL
      ollama   ollama   Reachable     0.32.15         0         1 B   http://127.0.0.1:11434   local   -       -
      ollama   ollama   Unreachable   -         unknown     unknown   http://127.0.0.1:11434   local   -       It is down."
    `);
  });

  test('is a model in full', () => {
    const entry = {
      at: now,
      set: 'f00d',
      host: 'local',
      backend: modelLoaded.backend,
      name: modelLoaded.name,
      model: 'coder',
      kind: 'pull',
      reason: 'missing',
      outcome: 'pulled',
      open: false,
      replaced: null,
      digest: null,
      downloadedBytes: 1,
      diskBytes: 1,
      durationMs: 1,
      problemCode: null,
    };
    expect(
      renderModel(modelLoaded, [entry, { ...entry, open: true }], { now }),
    ).toMatchInlineSnapshot(`
      "qwen3:8b
        Model:          coder
        Engine:         http://127.0.0.1:11434
        Status:         InSync
        Residency:      loaded
        Size:           5.2 GB
        Digest:         sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        Weights:        sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
        Loaded:         for 5m00s
        Memory:         6.0 GB; on accelerators 5.0 GB
        In use:         unknown
        contextLength:  4096
        Labels:         team=search
        Owner:          set f00dcafe, found there
        History:        2030-01-01 00:00:00  pulled (missing)
        History:        2030-01-01 00:00:00  pull cut off (missing)"
    `);
  });

  test('says why a model is held', () => {
    expect(renderModel(modelHeld, [], { now })).toMatchInlineSnapshot(`
      "gone:latest
        Engine:  http://127.0.0.1:11434
        Status:  Unknown: unreachable: It does not answer."
    `);
  });
});
