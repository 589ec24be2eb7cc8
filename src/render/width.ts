// How many columns of a terminal a text takes, and fitting it into some. Exact for Latin, CJK and
// emoji; approximate for scripts whose width depends on the font, where nothing exact exists.

const escapeSequence = /\u001b\[[0-9;]*m/g;
const zeroWidth = /^[\p{Mark}\u200d\ufe00-\ufe0f]$/u;
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;
const ascii = /^[\u0020-\u007e]*$/;

/** Ignores our own colour sequences. */
export function displayWidth(text: string): number {
  const bare = text.replace(escapeSequence, '');
  if (ascii.test(bare)) return bare.length;
  let width = 0;
  for (const character of bare) width += characterWidth(character);
  return width;
}

/** Columns of the widest; 0 of none. However many there are. */
export function widest(texts: Iterable<string>): number {
  let width = 0;
  for (const text of texts) width = Math.max(width, displayWidth(text));
  return width;
}

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - displayWidth(text)));

export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - displayWidth(text))) + text;

/** Shortens text without colours to `width` columns, with `…` where something was cut off. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width < 1) return '';
  let used = 0;
  let kept = '';
  for (const character of text) {
    const next = characterWidth(character);
    if (used + next > width - 1) break;
    kept += character;
    used += next;
  }
  return `${kept}…`;
}

/** As `truncate`, but keeps the end: where names that begin alike differ. */
export function truncateStart(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width < 1) return '';
  let used = 0;
  let kept = '';
  for (const character of Array.from(text).toReversed()) {
    const next = characterWidth(character);
    if (used + next > width - 1) break;
    kept = character + kept;
    used += next;
  }
  return `…${kept}`;
}

const characterWidth = (character: string): number =>
  zeroWidth.test(character) ? 0 : wide.test(character) ? 2 : 1;
