// From a file's bytes to text that a YAML parser may see: UTF-8 only, no control characters, one
// kind of line end. Offsets survive, so that later stages can still say where something stands.
import { isUtf8 } from 'node:buffer';
import { errorProblem, type Problem, warningProblem } from '../core/problem.ts';
import { type SourceText, sourceText } from './source-text.ts';

export interface Decoded {
  /** Null when the bytes are no text at all. */
  readonly source: SourceText | null;
  readonly problems: readonly Problem[];
}

// Everything in Unicode's category "control" but tab, line feed, carriage return and next line,
// which YAML 1.2 section 5.1 allows.
const controlCharacter = /[^\P{Cc}\t\n\r\u0085]|[\ufffe\uffff]/u;
// Embeddings, overrides and isolates: they make a line read otherwise than it is parsed.
const directionCharacter = /[\u202a-\u202e\u2066-\u2069]/;

const replacement = '\ufffd';
const byteOrderMarks: readonly (readonly [string, readonly number[]])[] = [
  ['UTF-32', [0xff, 0xfe, 0x00, 0x00]],
  ['UTF-32', [0x00, 0x00, 0xfe, 0xff]],
  ['UTF-16', [0xff, 0xfe]],
  ['UTF-16', [0xfe, 0xff]],
];

const saveAsUtf8 = 'Save the file as plain text in UTF-8.';

/** Pure. `file` is an absolute path, or `-`. A byte order mark of UTF-8 is dropped. */
export function decode(file: string, bytes: Uint8Array): Decoded {
  const start = { file, line: 1, column: 1 };
  const encoding = byteOrderMarks.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte));
  if (encoding !== undefined) {
    return notText(`The file is encoded in ${encoding[0]}; manifests are UTF-8.`, start);
  }
  const decoded = new TextDecoder('utf-8').decode(bytes);
  // YAML breaks lines at a lone carriage return too, the parser does not.
  const source = sourceText(file, decoded.replaceAll(/\r(?!\n)/g, '\n'));
  if (decoded.includes(replacement) && !isUtf8(bytes)) {
    const origin = source.originAt(decoded.indexOf(replacement));
    return notText('The file has bytes that are not UTF-8 text.', origin);
  }
  const control = controlCharacter.exec(source.text);
  if (control !== null) {
    const origin = source.originAt(control.index);
    return notText(`The file has the control character ${codePoint(control[0])}.`, origin);
  }
  return { source, problems: directionProblems(source) };
}

function notText(detail: string, origin: Problem['origin'] & object): Decoded {
  const summary = 'The file is not plain text';
  return {
    source: null,
    problems: [
      errorProblem({ code: 'manifest/not-text', summary, detail, remedy: saveAsUtf8, origin }),
    ],
  };
}

function directionProblems(source: SourceText): readonly Problem[] {
  const found = directionCharacter.exec(source.text);
  if (found === null) return [];
  return [
    warningProblem({
      code: 'manifest/bidirectional-text',
      summary: 'Invisible characters change how the text reads',
      detail: `The file has ${codePoint(found[0])}, so that text looks other than it is read.`,
      remedy: 'Remove the character unless you know why it is there.',
      origin: source.originAt(found.index),
    }),
  ];
}

const codePoint = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
