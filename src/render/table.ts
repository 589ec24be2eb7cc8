// Rows in columns, as kubectl prints them: no lines, upper-case headings, three spaces between.
// Cells are text from anywhere, so this is where they are escaped.
import { escapeText } from './escape.ts';
import type { Style } from './style.ts';
import { plainStyle } from './style.ts';
import { displayWidth, padEnd, padStart, widest } from './width.ts';

export interface Column<Row> {
  /** In upper case, as in `SIZE`. */
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** Default: left. */
  readonly align?: 'left' | 'right';
  /** Shown with `-o wide` only. */
  readonly wide?: boolean;
  readonly style?: (text: string, row: Row, style: Style) => string;
}

/** Lines joined with line feeds, none at the end. No row gives the headings alone. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style = plainStyle,
): string {
  const cells = rows.map((row) => columns.map((column) => cellText(column, row)));
  const widths = columns.map((column, index) =>
    widest([column.heading, ...cells.map((row) => row[index] ?? '')]),
  );
  const line = (texts: readonly string[], drawn: readonly string[]): string =>
    columns
      .map((column, index) => {
        const gap = (widths[index] ?? 0) - displayWidth(texts[index] ?? '');
        const text = drawn[index] ?? '';
        return column.align === 'right' ? ' '.repeat(gap) + text : text + ' '.repeat(gap);
      })
      .join('   ')
      .trimEnd();
  const headings = columns.map((column) => column.heading);
  return [
    line(headings, headings.map(style.strong)),
    ...rows.map((row, at) => {
      const texts = cells[at] ?? [];
      return line(
        texts,
        texts.map((text, index) => columns[index]?.style?.(text, row, style) ?? text),
      );
    }),
  ].join('\n');
}

const markdownSpecial = /[\\|`*_<>[\]]/g;

/** A GitHub-flavoured table. */
export function renderMarkdownTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const texts = [
    columns.map((column) => column.heading),
    ...rows.map((row) =>
      columns.map((column) => cellText(column, row).replace(markdownSpecial, '\\$&')),
    ),
  ];
  const widths = columns.map((_, index) =>
    Math.max(3, widest(texts.map((row) => row[index] ?? ''))),
  );
  const line = (row: readonly string[]): string =>
    `| ${row
      .map((text, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.align === 'right' ? padStart(text, width) : padEnd(text, width);
      })
      .join(' | ')} |`;
  const rule = columns.map((column, index) => {
    const width = widths[index] ?? 3;
    return column.align === 'right' ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width);
  });
  const [head = [], ...body] = texts;
  return [line(head), `| ${rule.join(' | ')} |`, ...body.map(line)].join('\n');
}

function cellText<Row>(column: Column<Row>, row: Row): string {
  const text = escapeText(column.cell(row));
  return text === '' ? '-' : text;
}
