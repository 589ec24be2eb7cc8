import { describe, expect, test } from 'vitest';
import { type Column, renderMarkdownTable, renderTable } from '../../src/render/table.ts';
import { displayWidth, padEnd, padStart, truncate, truncateStart } from '../../src/render/width.ts';

interface Row {
  readonly name: string;
  readonly size: string;
}

const columns: readonly Column<Row>[] = [
  { heading: 'NAME', cell: ({ name }) => name },
  { heading: 'SIZE', cell: ({ size }) => size, align: 'right' },
  { heading: 'NOTE', cell: () => '' },
];

const rows: readonly Row[] = [
  { name: 'qwen3:8b', size: '5.2 GB' },
  { name: '模型', size: '1 kB' },
  { name: 'bad\u001b[31m|name\n', size: '' },
];

describe('a table', () => {
  test('lines up, whatever the width of its characters, and escapes its cells', () => {
    expect(renderTable(columns, rows)).toMatchInlineSnapshot(`
      "NAME                 SIZE   NOTE
      qwen3:8b           5.2 GB   -
      模型                 1 kB   -
      bad\\e[31m|name\\n        -   -"
    `);
  });

  test('has its headings alone when there is nothing', () => {
    expect(renderTable(columns, [])).toBe('NAME   SIZE   NOTE');
  });

  test('as Markdown keeps what is special to Markdown out of its cells', () => {
    expect(renderMarkdownTable(columns, rows)).toMatchInlineSnapshot(`
      "| NAME                 |   SIZE | NOTE |
      | -------------------- | -----: | ---- |
      | qwen3:8b             | 5.2 GB | -    |
      | 模型                 |   1 kB | -    |
      | bad\\\\e\\[31m\\|name\\\\n |      - | -    |"
    `);
  });
});

describe('width', () => {
  test('counts columns, not characters, and not our own colours', () => {
    expect([
      displayWidth('abc'),
      displayWidth('模型'),
      displayWidth('e\u0301'),
      displayWidth('\u001b[31mx\u001b[39m'),
    ]).toEqual([3, 4, 1, 1]);
  });

  test('fits text by filling up or by cutting off either end', () => {
    expect([padEnd('模', 4), padStart('ab', 4)]).toEqual(['模  ', '  ab']);
    expect([truncate('abcdef', 4), truncateStart('abcdef', 4), truncate('模型模型', 4)]).toEqual([
      'abc…',
      '…def',
      '模…',
    ]);
    expect([truncate('abc', 0), truncateStart('abc', 0), truncate('abc', 3)]).toEqual([
      '',
      '',
      'abc',
    ]);
  });
});
