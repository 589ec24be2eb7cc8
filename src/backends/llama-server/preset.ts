// The preset file of llama-server as text. Pure. The part between two marks is modelctl's; what stands
// outside is somebody else's and kept byte for byte. The format has no quotes and no escapes: a
// semicolon or a hash sign ends a value wherever it stands (common/preset.cpp).

export interface Section {
  /** As the server spells it. */
  readonly name: string;
  readonly options: ReadonlyMap<string, string>;
}

export interface PresetFile {
  readonly before: string;
  readonly own: readonly Section[];
  readonly after: string;
}

const begin =
  '# modelctl: begin. What stands between this line and the last is written anew by modelctl.';
const end = '# modelctl: end';

/** Text without our marks is all somebody else's. */
export function parsePreset(text: string): PresetFile {
  const from = text.indexOf(begin);
  const to = from < 0 ? -1 : text.indexOf(end, from);
  if (from < 0 || to < 0) return { before: text, own: [], after: '' };
  return {
    before: text.slice(0, from),
    own: parseSections(text.slice(from, to)),
    after: text.slice(to + end.length),
  };
}

export function renderPreset({ before, own, after }: PresetFile): string {
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  const sections = own.map(renderSection).join('\n');
  return `${before}${gap}${begin}\n\n${sections}\n${end}${after === '' ? '\n' : after}`;
}

const renderSection = ({ name, options }: Section): string =>
  [`[${name}]`, ...[...options].map(([key, value]) => `${key} = ${value}`), ''].join('\n');

/** Sections in the order of the text; of one that stands twice the last, as the server has it. */
export function parseSections(text: string): readonly Section[] {
  const sections = new Map<string, Map<string, string>>();
  let options: Map<string, string> | null = null;
  for (const line of text.split(/\r\n|\n|\r/)) {
    const header = /^\[[ \t]*([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      options = new Map();
      sections.delete(header);
      sections.set(header, options);
      continue;
    }
    const pair = /^([A-Za-z_][\w.-]*)[ \t]*=[ \t]*([^;#]*?)[ \t]*(?:[;#].*)?$/.exec(line);
    if (pair !== null) options?.set(pair[1] ?? '', pair[2] ?? '');
  }
  return [...sections].map(([name, found]) => ({ name, options: found }));
}

/** Whether a value comes back as it was written. */
export const isWritable = (value: string): boolean =>
  value !== '' && !/[;#\r\n]|^[ \t]|[ \t]$/.test(value);

export const isTruthy = (value: string | undefined): boolean =>
  value !== undefined && ['on', 'enabled', 'true', '1'].includes(value);

/** The names in a comma-separated option, as in `alias`. */
export const listed = (value: string | undefined): readonly string[] =>
  (value ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
