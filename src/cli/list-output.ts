// Prints a list in whichever format was asked for: the one mechanism behind get, adopt, history.
import { listDocument } from '../render/document.ts';
import { type Column, renderMarkdownTable, renderTable } from '../render/table.ts';
import type { ExitCode } from './exit-code.ts';
import type { Output } from './output.ts';

export interface Listing<Row> {
  /** Of the document: `ModelList`. */
  readonly kind: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly item: (row: Row) => unknown;
  /** As in `model/qwen3:8b`, for -o name. */
  readonly name?: (row: Row) => string;
  /** Said on stderr when there is no row. */
  readonly empty: string;
}

/** `code`: what the command ends with; a stream says so beside its result. */
export async function printList<Row>(
  listing: Listing<Row>,
  output: Output,
  code: ExitCode,
): Promise<void> {
  const { kind, rows, columns, item, name, empty } = listing;
  await output.document(listDocument(kind, rows.map(item)), code);
  if (name !== undefined) output.names(rows.map(name));
  const isData = output.format === 'json' || output.format === 'yaml' || output.format === 'name';
  if (isData) return;
  if (rows.length === 0) output.remark(empty);
  else if (output.format === 'markdown') output.text(renderMarkdownTable(columns, rows));
  else {
    const shown = columns.filter((column) => column.wide !== true || output.format === 'wide');
    output.text(renderTable(shown, rows, output.style));
  }
}
