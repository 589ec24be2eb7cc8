// Field-level differences as a unified listing: what is there with a minus, what should be with a
// plus. Long texts (prompts, templates) are compared line by line.
import type { Json } from '../core/canonical.ts';
import type { ActionChanges, FieldChange } from '../core/field-change.ts';
import { backendKey } from '../core/key.ts';
import { escapeText } from './escape.ts';
import { renderBackend, renderName } from './placement.ts';
import { plainStyle, type Style } from './style.ts';

/** No line feed at the end; empty when there is nothing to show. */
export function renderDiff(all: readonly ActionChanges[], style: Style = plainStyle): string {
  const groups = Map.groupBy(all, ({ action }) => backendKey(action));
  return [...groups.values()]
    .flatMap((group) => group.map((one) => renderOne(one, style)))
    .join('\n\n');
}

function renderOne({ action, changes }: ActionChanges, style: Style): string {
  const where = renderBackend(action);
  const head = `${action.kind} ${renderName(action)} on ${where}  ${action.reason}: ${escapeText(action.because)}`;
  return [style.strong(head), ...changes.flatMap((change) => renderChange(change, style))].join(
    '\n',
  );
}

function renderChange({ field, before, after }: FieldChange, style: Style): readonly string[] {
  const name = escapeText(field);
  const draw = (sign: string, value: Json, paint: (text: string) => string): readonly string[] => {
    if (value === null) return [];
    if (typeof value !== 'string')
      return [paint(`  ${sign} ${name}: ${escapeText(JSON.stringify(value))}`)];
    const [first = '', ...rest] = value.split('\n');
    if (rest.length === 0) return [paint(`  ${sign} ${name}: ${escapeText(first)}`)];
    return [
      paint(`  ${sign} ${name}: |`),
      ...[first, ...rest].map((line) => paint(`  ${sign}   ${escapeText(line)}`)),
    ];
  };
  return [...draw('-', before, style.removed), ...draw('+', after, style.added)];
}
