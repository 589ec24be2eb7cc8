// Makes text from outside (names, errors of engines, answers of models) safe to print: nothing in
// it can move the cursor, change colours, set a title, open a link or reorder what is read. What
// it takes out is shown as an escape, so that nothing is hidden. It knows nothing of terminals.

// C0 and C1 controls, DEL, marks and overrides that reorder text, invisible format characters that
// make two names look alike, line and paragraph separators, halves of surrogate pairs.
const unsafe =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu;

const shown: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u001b': '\\e',
};

/** One line: line breaks and tabs are escaped too. */
export const escapeText = (text: string): string => text.replace(unsafe, escapeCharacter);

/** Several lines: line feeds and tabs stay, the rest is escaped; CR LF counts as a line feed. */
export const escapeBlock = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replace(unsafe, (character) =>
      character === '\n' || character === '\t' ? character : escapeCharacter(character),
    );

function escapeCharacter(character: string): string {
  const known = shown[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}
