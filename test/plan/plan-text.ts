// A plan as the plan cases write it down: one line for each thing decided, nothing that depends
// on how it is drawn for a terminal.
import type { Plan } from '../../src/core/plan.ts';

export function planText(plan: Plan): string {
  const lines: string[] = [];
  for (const action of plan.actions) {
    const { download, disk } = action.bytes;
    const bytes = `download ${download}, disk ${disk ?? 'unknown'}`;
    const way = 'way' in action && action.way !== undefined ? `, ${action.way}` : '';
    lines.push(
      `${action.kind} ${at(action)}: ${action.reason}. ${action.because} (${bytes}${way})`,
    );
    for (const id of action.after) lines.push(`  after ${waitedFor(id)}`);
  }
  for (const one of plan.unchanged) {
    lines.push(`unchanged ${at(one)}${one.adopted ? ' (adopted)' : ''}`);
  }
  for (const one of plan.held) {
    lines.push(`held ${at(one)}: ${one.because}. ${one.detail} → ${oneLine(one.remedy)}`);
  }
  for (const one of plan.leftovers) {
    lines.push(`left over ${at(one)}, ${one.bytes} bytes → ${one.remedy}`);
  }
  for (const one of plan.released) lines.push(`released ${at(one)}`);
  for (const one of plan.drift) lines.push(`drift ${at(one)}: ${one.reason}. ${one.because}`);
  return lines.length === 0 ? 'nothing\n' : `${lines.join('\n')}\n`;
}

const at = (one: { backend: string; name: string }): string =>
  one.backend === 'ollama' ? one.name : `${one.name} on ${one.backend}`;

function waitedFor(id: string): string {
  const [kind = '', , backend = '', name = ''] = id.split('|');
  return `${kind} ${at({ backend, name })}`;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');
