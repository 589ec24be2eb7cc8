// Reads a preset file as common/preset.cpp does: a semicolon or a hash sign ends a value wherever it
// stands, a section's tag after its last colon is spelled anew, an unknown key refuses the whole file.
import { existsSync, readFileSync } from 'node:fs';
import { optionNames } from './option-names.ts';

export type Options = Map<string, string>;

export interface Presets {
  readonly global: Options;
  readonly models: ReadonlyMap<string, Options>;
}

/** Throws with the words of the server. */
export function readPresets(path: string): Presets {
  if (!existsSync(path)) throw new Error(`preset file does not exist: ${path}`);
  const sections = new Map<string, Options>();
  let current = 'default';
  for (const line of readFileSync(path, 'utf8').split(/\r\n|\n|\r/)) {
    if (/^[ \t]*(?:[;#].*)?$/.test(line)) continue;
    const header = /^\[[ \t]*([^\]]+)\][ \t]*(?:[;#].*)?$/.exec(line)?.[1];
    if (header !== undefined) {
      current = header;
      sections.set(current, new Map());
      continue;
    }
    const pair = /^([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*(.*)$/.exec(line);
    if (pair === null) throw new Error(`failed to parse server config file: ${path}`);
    const value = (pair[2] ?? '').replace(/[ \t]*[;#].*$/, '').replace(/[ \t]+$/, '');
    const options = sections.get(current) ?? new Map<string, string>();
    sections.set(current, options.set(pair[1] ?? '', value));
  }
  const models = new Map<string, Options>();
  let global: Options = new Map();
  for (const [section, keys] of sections) {
    const name = spelled(section);
    const options: Options = new Map();
    for (const [key, value] of keys) {
      if (key === 'version') continue;
      const told = optionNames.get(key);
      if (told === undefined) throw new Error(`option '${key}' not recognized in preset '${name}'`);
      options.set(told, value);
    }
    if (name === '*') global = options;
    else if (name !== 'default' || options.size > 0) models.set(name, options);
  }
  return { global, models };
}

function spelled(section: string): string {
  const colon = section.lastIndexOf(':');
  if (colon < 0) return section;
  const tag = section.slice(colon + 1);
  const last = /[-.]([A-Z0-9_]+)$/i.exec(tag)?.[1] ?? tag;
  return `${section.slice(0, colon + 1)}${last.toUpperCase()}`;
}
