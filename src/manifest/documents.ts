// Splits a YAML stream into documents, one at a time: whoever reads the next one has let go of
// the last, so a file of 10,000 models costs the memory of one. JSON is YAML and comes through
// here too. Knows nothing of what a document says.
import { Composer, type Document, isScalar, Lexer, Parser } from 'yaml';
import { errorProblem, type Problem } from '../core/problem.ts';
import {
  charactersPerDocumentMax,
  documentsPerFileMax,
  nestingMax,
  tokensPerDocumentMax,
} from './limits.ts';
import type { SourceText } from './source-text.ts';

export type YamlDocument = Document.Parsed;

/** Either the next document, with whatever errors the parser found in it, or why no more come. */
export type NextDocument =
  | { readonly document: YamlDocument; readonly stopped?: never }
  | { readonly document?: never; readonly stopped: Problem };

// Errors without excerpts, which could hold a secret; keys are compared in plain.ts, because the
// parser's own comparison takes quadratic time.
const parserOptions = {
  version: '1.2',
  schema: 'core',
  merge: false,
  uniqueKeys: false,
  prettyErrors: false,
  keepSourceTokens: true,
  resolveKnownTags: false,
  logLevel: 'silent',
} as const;

/** Lazy: text behind a document is not looked at before that document has been handed out. */
export function* readDocuments(source: SourceText): Generator<NextDocument, void> {
  const parser = new Parser();
  const composer = new Composer(parserOptions);
  const size = { documents: 0, tokens: 0, characters: 0 };
  let offset = 0;
  for (const lexeme of new Lexer().lex(source.text)) {
    size.tokens += 1;
    size.characters += lexeme.length;
    const excess = excessOf(size, parser.stack.length);
    if (excess !== null) {
      yield { stopped: tooComplex(excess, source, offset) };
      return;
    }
    offset += lexeme.length;
    for (const token of parser.next(lexeme)) {
      for (const document of composer.next(token)) yield { document };
      if (token.type !== 'document') continue;
      size.documents += 1;
      size.tokens = 0;
      size.characters = 0;
    }
  }
  for (const token of parser.end()) {
    for (const document of composer.next(token)) yield { document };
  }
  for (const document of composer.end()) yield { document };
}

/** Whether the document has nothing but comments, as between two `---`. */
export const isEmptyDocument = ({ contents, errors }: YamlDocument): boolean =>
  errors.length === 0 && (contents === null || (isScalar(contents) && contents.source === ''));

interface Size {
  readonly documents: number;
  /** Of the current document. */
  readonly tokens: number;
  readonly characters: number;
}

function excessOf(size: Size, depth: number): string | null {
  // One entry of the parser's stack is the document itself.
  if (depth > nestingMax + 1) return `Lists and maps stand more than ${nestingMax} deep.`;
  if (size.tokens > tokensPerDocumentMax) {
    return `One document has more than ${tokensPerDocumentMax} words and marks.`;
  }
  if (size.characters > charactersPerDocumentMax) {
    return `One document has more than ${charactersPerDocumentMax} characters.`;
  }
  return size.documents > documentsPerFileMax
    ? `The file has more than ${documentsPerFileMax} documents.`
    : null;
}

function tooComplex(detail: string, source: SourceText, offset: number): Problem {
  return errorProblem({
    code: 'manifest/too-complex',
    summary: 'The file is more complex than a manifest can be',
    detail: `${detail} What follows was not read.`,
    remedy: 'Check that this is the file you meant; split it if it is.',
    origin: source.originAt(offset),
  });
}
