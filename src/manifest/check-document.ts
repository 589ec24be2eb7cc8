// One document, from parsed YAML to a resource or to everything that is wrong with it. Looks at
// this document only; what holds between objects is for identities.ts and references.ts.
import { errorProblem, type Problem } from '../core/problem.ts';
import type { Resource } from '../core/resource.ts';
import type { YamlDocument } from './documents.ts';
import { type FieldPath, formatPath, valueAt } from './field-path.ts';
import { type Header, readHeader } from './header.ts';
import { toPlain } from './plain.ts';
import { offsetAt, type Part } from './positions.ts';
import { brokenRules, type Manifest } from './rules.ts';
import type { SourceText } from './source-text.ts';
import { validatorOf } from './validators.ts';
import { yamlProblems } from './yaml-problems.ts';

export type DocumentCheck =
  | { readonly is: 'resource'; readonly resource: Resource }
  | { readonly is: 'refused'; readonly problems: readonly Problem[] }
  /** Not ours; `unmarked` when it does not say what it is. */
  | { readonly is: 'foreign' | 'unmarked' };

/** `isNamed`: the user named the file, so that all it holds must be manifests. */
export async function checkDocument(
  document: YamlDocument,
  source: SourceText,
  isNamed: boolean,
): Promise<DocumentCheck> {
  const syntax = yamlProblems(document, source);
  if (document.errors.length > 0) return { is: 'refused', problems: syntax };
  const { value, problems: ambiguous } = toPlain(document, source);
  const header = readHeader(value, isNamed);
  if (header.is === 'foreign' || header.is === 'unmarked') return { is: header.is };
  const say = speaker(document, source, value);
  const problems = [...syntax, ...ambiguous, ...(await fieldProblems(header, value, say))];
  if (problems.length > 0) {
    const subject = subjectOf(value);
    return {
      is: 'refused',
      problems: subject === null ? problems : problems.map((one) => ({ ...one, subject })),
    };
  }
  const origin = source.originAt(offsetAt(document, [], 'value') ?? 0);
  return { is: 'resource', resource: { ...(value as Manifest), origin } };
}

type Saying = Pick<Problem, 'code' | 'summary' | 'detail' | 'remedy'> & {
  readonly path: FieldPath;
};
type Speaker = (saying: Saying, part?: Part) => Problem;

function speaker(document: YamlDocument, source: SourceText, value: unknown): Speaker {
  return ({ path, ...saying }, part = 'value') => {
    const at = valueAt(value, path) === undefined ? [] : path;
    const offset = offsetAt(document, at, part) ?? offsetAt(document, [], 'value');
    const origin = source.originAt(offset ?? 0);
    return errorProblem({ ...saying, origin, ...(path.length > 0 && { path: formatPath(path) }) });
  };
}

async function fieldProblems(
  header: Header,
  value: unknown,
  say: Speaker,
): Promise<readonly Problem[]> {
  if (header.is === 'wrong') return [say(header.problem)];
  if (header.is !== 'manifest') return [];
  const validate = validatorOf[header.kind];
  if (validate(value)) return brokenRules(value).map((rule) => say(rule));
  // Taken before anything else can call the same validator.
  const errors = validate.errors ?? [];
  const { describe } = await import('./describe.ts');
  return describe(errors, header.kind, value).map(({ part, wants: _, ...saying }) =>
    say(saying, part),
  );
}

/** `Model/coder`, where the document says as much. */
function subjectOf(value: unknown): string | null {
  const kind = valueAt(value, ['kind']);
  const name = valueAt(value, ['metadata', 'name']);
  const isName = typeof name === 'string' && /^[A-Za-z0-9._-]{1,63}$/.test(name);
  return typeof kind === 'string' && /^[A-Za-z]{1,63}$/.test(kind) && isName
    ? `${kind}/${name}`
    : null;
}
