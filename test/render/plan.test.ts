import { describe, expect, test } from 'vitest';
import { renderPlan, renderRemains } from '../../src/render/plan.ts';
import { renderPlanMarkdown } from '../../src/render/plan-markdown.ts';
import { colourStyle } from '../../src/render/style.ts';
import { emptyPlan, fullPlan, load, unchangedPlan } from './plan-values.ts';

describe('a plan for people', () => {
  test('shows actions by engine, what they cost, what is held and what is left over', () => {
    expect(renderPlan(fullPlan)).toMatchInlineSnapshot(`
      "Plan: 1 to pull, 1 to create, 1 to load, 1 to evict.

      On http://127.0.0.1:11434:
        + pull    qwen3:8b (coder)  5.2 GB download  missing: It is not there.
        ~ create  coder:latest                       config-drift: What it adds to its base changed.
        - evict   old:latest           2.0 GB freed  pruned: It left the set.

      On the embedded engine:
        ~ load    starter           224.7 kB memory  residency-drift: It is not loaded.

      It downloads 5.2 GB, takes up to 5.2 GB of disk, frees 2.0 GB of disk and needs at least 224.7 kB of memory.

      Held: 1. Wanted, but not done:
        ! gpt-4o-mini:latest (coder)  conflict: The name holds other content (cccccccccccc) that modelctl did not put there.
            To replace what is there:

                modelctl apply --take-over gpt-4o-mini:latest

      Left over: 1, 1.5 GB. No longer declared, and kept:
        . unused:latest  1.5 GB  modelctl apply --prune

      Drift: 1. Changed since the last run, and not by modelctl:
        ≠ coder:latest  config-drift: It was cccccccccccc and is dddddddddddd."
    `);
  });

  test('is one line when nothing is to be done', () => {
    expect(renderPlan(unchangedPlan)).toMatchInlineSnapshot(
      `"No changes: 1 model on http://127.0.0.1:11434 as declared."`,
    );
    expect(renderPlan(emptyPlan)).toMatchInlineSnapshot(`"No changes."`);
  });

  test('lists what is unchanged when asked to be verbose', () => {
    expect(renderPlan(unchangedPlan, { verbose: true })).toMatchInlineSnapshot(`
      "No changes: 1 model on http://127.0.0.1:11434 as declared.

      Unchanged: 1.
        = nomic:latest  stored  sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee  adopted"
    `);
  });

  test('writes remedies as the user calls the program', () => {
    expect(renderRemains(fullPlan, { program: 'npx modelctl' })).toContain(
      '\n          npx modelctl apply --take-over gpt-4o-mini:latest',
    );
  });

  test('says that a figure is unknown instead of taking it for zero', () => {
    const unknown = { ...load, bytes: { download: 0, disk: null, memory: null } };
    expect(renderPlan({ ...emptyPlan, actions: [unknown] })).toMatchInlineSnapshot(`
      "Plan: 1 to load.

      On the embedded engine:
        ~ load    starter  unknown memory  residency-drift: It is not loaded.

      Nothing is downloaded. Not known: memory of starter."
    `);
  });

  test('differs by colour only when coloured', () => {
    const coloured = renderPlan(fullPlan, { style: colourStyle });
    expect(coloured).not.toBe(renderPlan(fullPlan));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(renderPlan(fullPlan));
  });

  test('escapes what engines and manifests put into names and sentences', () => {
    const hostile = { ...load, name: 'a\u001b]0;title\u0007b', because: 'x\u202eevil\r\n' };
    expect(renderPlan({ ...emptyPlan, actions: [hostile] })).toMatchInlineSnapshot(`
      "Plan: 1 to load.

      On the embedded engine:
        ~ load    a\\e]0;title\\x07b (starter)  224.7 kB memory  residency-drift: x\\u{202e}evil\\r\\n

      It needs at least 224.7 kB of memory."
    `);
  });
});

describe('a plan as Markdown', () => {
  test('has a table of actions, of what is held and of what is left over', () => {
    expect(renderPlanMarkdown(fullPlan)).toMatchInlineSnapshot(`
      "**4 actions**, downloads 5.2 GB

      | Action | Name         | Model   | Engine                 | Reason                                          | Download |    Disk |
      | ------ | ------------ | ------- | ---------------------- | ----------------------------------------------- | -------: | ------: |
      | pull   | qwen3:8b     | coder   | http://127.0.0.1:11434 | missing: It is not there.                       |   5.2 GB |  5.2 GB |
      | create | coder:latest | coder   | http://127.0.0.1:11434 | config-drift: What it adds to its base changed. |      0 B |     0 B |
      | load   | starter      | starter | the embedded engine    | residency-drift: It is not loaded.              |      0 B |     0 B |
      | evict  | old:latest   | old     | http://127.0.0.1:11434 | pruned: It left the set.                        |      0 B | -2.0 GB |

      **Held**

      | Name               | Model | Because                                                                                | Remedy                                                                  |
      | ------------------ | ----- | -------------------------------------------------------------------------------------- | ----------------------------------------------------------------------- |
      | gpt-4o-mini:latest | coder | conflict: The name holds other content (cccccccccccc) that modelctl did not put there. | To replace what is there: modelctl apply --take-over gpt-4o-mini:latest |

      **Left over**

      | Name          |   Size | Remedy                 |
      | ------------- | -----: | ---------------------- |
      | unused:latest | 1.5 GB | modelctl apply --prune |"
    `);
  });

  test('is one line when nothing is to be done', () => {
    expect(renderPlanMarkdown(unchangedPlan)).toMatchInlineSnapshot(
      `"No changes: 1 model on http://127.0.0.1:11434 as declared."`,
    );
  });
});
