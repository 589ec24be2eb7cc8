// A field's explanation as text, in the manner of `kubectl explain`: what it is, then its fields.
import type { FieldExplanation } from '../manifest/explain.ts';
import { plainStyle, type Style } from '../render/style.ts';

export interface ExplanationOptions {
  readonly style?: Style;
  readonly columns: number;
  readonly program: string;
}

/** No line feed at the end. */
export function renderExplanation(field: FieldExplanation, options: ExplanationOptions): string {
  const { columns, program, style = plainStyle } = options;
  const sections = [
    field.path === '' ? '' : `${style.strong(field.path)}  ${style.faint(typeLine(field))}`,
    wrap(field.description, columns, ''),
    field.examples.length === 0
      ? ''
      : `Example: ${field.examples.map((one) => JSON.stringify(one)).join(' · ')}`,
    renderFields(field.fields, '', { ...options, style }),
    field.fields.length > 0 && field.path === ''
      ? `More about one: ${program} explain ${field.fields[0]?.path ?? ''}`
      : '',
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function renderFields(
  fields: readonly FieldExplanation[],
  margin: string,
  options: ExplanationOptions & { readonly style: Style },
): string {
  return fields
    .map((field) => {
      const head = `${margin}${options.style.strong(field.name)}  ${options.style.faint(typeLine(field))}`;
      const below = renderFields(field.fields, `${margin}  `, options);
      const text = wrap(field.description, options.columns, `${margin}    `);
      return [head, text, below].filter((part) => part !== '').join('\n');
    })
    .join('\n');
}

/** `<integer, tokens> required, from 1, default 2048`. */
function typeLine(field: FieldExplanation): string {
  const { type, unit, isRequired, allowed, minimum, maximum } = field;
  const notes = [
    // Kinds are no fields of anything.
    isRequired && field.path.includes('.') ? 'required' : '',
    allowed === undefined ? '' : `one of ${allowed.map((one) => JSON.stringify(one)).join(', ')}`,
    minimum === undefined ? '' : `from ${minimum}`,
    maximum === undefined ? '' : `to ${maximum}`,
    field.default === undefined ? '' : `default ${JSON.stringify(field.default)}`,
  ].filter((note) => note !== '');
  return [`<${type}${unit === undefined ? '' : `, ${unit}`}>`, notes.join(', ')]
    .join(' ')
    .trimEnd();
}

function wrap(text: string, columns: number, margin: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && margin.length + line.length + 1 + word.length > columns) {
      lines.push(margin + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines.join('\n') : [...lines, margin + line].join('\n');
}
