import { describe, expect, it } from 'vitest';
import { sha256Text } from '../../src/core/hash.ts';
import { errorProblem } from '../../src/core/problem.ts';
import type { Standing } from '../../src/core/upstream.ts';
import { renderMarkdownTable } from '../../src/render/table.ts';
import {
  renderLine,
  renderUpdateMarkdown,
  renderUpdateMessage,
  standingColumns,
  standingItem,
} from '../../src/render/upstream.ts';
import { misfits } from './schema-check.ts';

const version = (seed: string) => ({
  revision: sha256Text(seed),
  weights: sha256Text(`weights of ${seed}`),
  bytes: 5_200_000_000,
});

const moved: Standing = {
  model: 'chat',
  target: '-',
  source: 'ollama://registry.ollama.ai/library/qwen3:8b',
  status: 'moved',
  locked: version('one'),
  upstream: version('two'),
  changed: [
    { part: 'weights', path: 'model', change: 'replaced', bytes: 5_000_000_000 },
    { part: 'weights', path: 'model-2', change: 'replaced', bytes: 200_000_000 },
    { part: 'params', path: 'params', change: 'added', bytes: 90 },
    { part: 'other', path: 'README.md', change: 'removed', bytes: 10 },
  ],
  downloadBytes: 5_200_000_090,
  problem: null,
};
const unknown: Standing = {
  ...moved,
  model: 'far',
  source: 'ollama://far.example/library/far:v1',
  status: 'unknown',
  upstream: null,
  changed: [],
  downloadBytes: null,
  problem: errorProblem({
    code: 'source/unreachable',
    summary: 'A source cannot be reached',
    detail: 'far.example refused, asked with Bearer abcdefghijklm.',
  }),
};
const onTwo: readonly Standing[] = [
  { ...moved, target: 'box' },
  { ...moved, model: 'other', target: 'hub' },
];

describe('what moved upstream', () => {
  it('is a commit message: a subject, and a paragraph for each source', () => {
    expect(
      renderUpdateMessage([...onTwo, { ...moved, model: 'coder', source: 'file://./a.gguf' }]),
    ).toMatchInlineSnapshot(`
        "Update chat, other and coder

        chat on box and other on hub: ollama://registry.ollama.ai/library/qwen3:8b
          7692c3ad3540 -> 3fc4ccfe7458
          changed: weights, params added, README.md removed; 5.2 GB to download

        coder: file://./a.gguf
          7692c3ad3540 -> 3fc4ccfe7458
          changed: weights, params added, README.md removed; 5.2 GB to download"
      `);
  });

  it('has a subject that stays short, however many Models moved', () => {
    const many = Array.from({ length: 40 }, (_, index) => ({ ...moved, model: `model-${index}` }));
    expect(renderUpdateMessage(many).split('\n')[0]).toBe('Update 40 models');
  });

  it('is a table for a pull request, with what could not be asked beside it', () => {
    const markdown = renderUpdateMarkdown([...onTwo, unknown]);
    expect(markdown).toContain('**2 entries of the lock moved**, 5.2 GB to download');
    expect(markdown).toContain('| chat  | box    | ollama://registry.ollama.ai/library/qwen3:8b |');
    expect(markdown).toContain('far.example refused, asked with Bearer \\*\\*\\*');
    expect(renderUpdateMarkdown([unknown])).not.toContain('moved');
    expect(renderUpdateMarkdown([])).toBe('');
  });

  it('tells nothing to a terminal but text, and no credential', () => {
    const hostile = { ...moved, model: 'a\u001b[2J', source: 'ollama://x/y\u202e:z' };
    const texts = [
      renderUpdateMessage([hostile]),
      renderMarkdownTable(standingColumns, [hostile, unknown]),
      renderLine('+', hostile),
    ];
    expect(texts.join('')).not.toMatch(/[\u001b\u202e]|abcdefghijklm/);
  });

  it('is as published, as data', () => {
    const items = [moved, unknown, { ...moved, status: 'unlocked', locked: null } as const];
    const document = {
      apiVersion: 'modelctl.dev/v1alpha1',
      kind: 'OutdatedList',
      items: items.map(standingItem),
    };
    expect(misfits('outdated-list', document)).toEqual([]);
    expect(JSON.stringify(document)).not.toContain('abcdefghijklm');
  });
});
