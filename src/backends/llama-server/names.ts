// What names become in the preset file of llama-server. Pure. After the last colon the server spells a
// section in its own way (`qwen3:8b` becomes `qwen3:8B`, `x:ud-q4` becomes `x:Q4`), so a name that
// would not survive that has a section of another spelling, and is itself an alias of it.
import { canonicalName as nameInStore } from '../images/shapes.ts';

/** The server keeps this section for what holds for all. */
const reserved = 'default';

export const canonicalName = (name: string): string | null =>
  name === reserved ? null : nameInStore(name);

/** No name has an at sign in it, so two names never come to one section. */
export function sectionOf(name: string): string {
  const colon = name.lastIndexOf(':');
  if (colon < 0) return name;
  const tag = name.slice(colon + 1);
  return tag === spelledTag(tag) ? name : name.replaceAll(':', '@');
}

export const nameOfSection = (section: string): string => section.replaceAll('@', ':');

/** As canonical_tag in common/preset.cpp. */
const spelledTag = (tag: string): string =>
  (/[-.]([A-Za-z0-9_]+)$/.exec(tag)?.[1] ?? tag).toUpperCase();
