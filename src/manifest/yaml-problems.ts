// The parser's complaints about one document, in words that help. The parser's own messages are
// not used: some repeat the text that they are about, which may hold a secret.
import { isMap, isScalar, isSeq, type YAMLError } from 'yaml';
import { errorProblem, type Problem } from '../core/problem.ts';
import type { YamlDocument } from './documents.ts';
import type { SourceText } from './source-text.ts';

interface Explanation {
  readonly detail: string;
  readonly remedy: string;
}

const fallback: Explanation = {
  detail: 'This cannot be read as YAML or JSON.',
  remedy: 'Check the indentation, the quotes and the brackets on this line and the one above.',
};

const explanations: Partial<Record<YAMLError['code'], Explanation>> = {
  BAD_INDENT: {
    detail: 'The line is not indented like its neighbours.',
    remedy: 'Begin all fields of one map, and all items of one list, in the same column.',
  },
  TAB_AS_INDENT: {
    detail: 'The line is indented with a tab, which YAML does not allow.',
    remedy: 'Indent with spaces.',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    detail: 'A value here has a colon and a space in it, which begins a new field.',
    remedy: 'Put the value in quotes, or begin the field on a line of its own.',
  },
  MULTILINE_IMPLICIT_KEY: {
    detail: 'This reads as the name of a field, and goes over more than one line.',
    remedy: 'Add the missing colon, or put the text in quotes.',
  },
  BAD_SCALAR_START: {
    detail: 'A value cannot begin with this character unless it is in quotes.',
    remedy: 'Put the value in quotes.',
  },
  BAD_DQ_ESCAPE: {
    detail: 'Double quotes give the backslash a meaning, and this is none that YAML knows.',
    remedy: 'Write the backslash twice, or use single quotes.',
  },
  UNEXPECTED_TOKEN: {
    detail: 'Nothing is expected here: a colon, comma or bracket is missing or too many.',
    remedy: 'Check this line and the one above; documents are separated by a line of `---`.',
  },
  BAD_DIRECTIVE: {
    detail: 'The directive is not one that is read here.',
    remedy: 'Remove the line that begins with `%`.',
  },
};

/**
 * Every problem that the parser found, but only the first of those that tend to follow from one
 * another.
 */
export function yamlProblems(document: YamlDocument, source: SourceText): readonly Problem[] {
  const problems: Problem[] = [];
  const unknownTags = document.warnings.filter((warning) => warning.code === 'TAG_RESOLVE_FAILED');
  for (const tag of unknownTags) problems.push(unknownTag(tag, source));
  const first = document.errors[0];
  if (first !== undefined) problems.push(syntaxProblem(first, document, source));
  const version = document.directives?.yaml.version;
  if (version !== '1.2') problems.push(wrongVersion(source, document.range[0]));
  return problems;
}

function syntaxProblem(error: YAMLError, document: YamlDocument, source: SourceText): Problem {
  const summary = 'The text is not valid YAML';
  const code = 'manifest/syntax';
  const mayBeOpen = error.code === 'MISSING_CHAR' || error.code === 'BAD_INDENT';
  const opened = mayBeOpen ? openedAt(document.contents) : null;
  if (opened !== null) {
    return errorProblem({
      code,
      summary,
      detail: 'What is opened here by a quote or bracket is not closed.',
      remedy: 'Add what closes it.',
      origin: source.originAt(opened),
    });
  }
  const explanation = explanations[error.code] ?? fallback;
  return errorProblem({ code, summary, ...explanation, origin: source.originAt(error.pos[0]) });
}

// The parser notices what is missing where it ends, which may be the end of the file; people look
// for it where it began.
function openedAt(node: unknown): number | null {
  if (isMap(node) || isSeq(node)) {
    const inner: readonly unknown[] = isMap(node)
      ? node.items.flatMap(({ key, value }) => [key, value])
      : node.items;
    for (const item of inner) {
      const opened = openedAt(item);
      if (opened !== null) return opened;
    }
    const { srcToken } = node;
    if (srcToken?.type !== 'flow-collection') return null;
    const closing = srcToken.start.type.replace('start', 'end');
    const isOpen = !srcToken.end.some(({ type }) => type === closing);
    return isOpen ? srcToken.offset : null;
  }
  if (!isScalar(node)) return null;
  const { srcToken } = node;
  const isQuoted = srcToken?.type.endsWith('quoted-scalar') === true && 'source' in srcToken;
  const isClosed = !isQuoted || /^(?:"[^]*"|'[^]*')$/.test(srcToken.source);
  return isClosed ? null : srcToken.offset;
}

const unknownTag = (warning: YAMLError, source: SourceText): Problem =>
  errorProblem({
    code: 'manifest/unknown-tag',
    summary: 'A YAML tag is not known',
    detail: 'What begins with `!` is a tag, and only the basic ones of YAML 1.2 are read.',
    remedy: 'Remove the tag; put the value in quotes if it begins with an exclamation mark.',
    origin: source.originAt(warning.pos[0]),
  });

const wrongVersion = (source: SourceText, offset: number): Problem =>
  errorProblem({
    code: 'manifest/yaml-version',
    summary: 'Only YAML 1.2 is read',
    detail: 'A `%YAML` line asks for another version, in which `on` and `no` are not text.',
    remedy: 'Remove the line.',
    origin: source.originAt(offset),
  });
