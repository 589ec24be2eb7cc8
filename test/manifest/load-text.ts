// Loads text as if it came through standard input, and shows problems as a user sees them.
import type { Checked, Problem } from '../../src/core/problem.ts';
import type { Manifests } from '../../src/core/resource.ts';
import { createNodeIo } from '../../src/io/node.ts';
import type { LoadIo } from '../../src/manifest/inputs.ts';
import { load } from '../../src/manifest/load.ts';
import { renderProblems } from '../../src/render/problem.ts';

export const neverAborted = new AbortController().signal;

export function stdinIo(input: string | Uint8Array): LoadIo {
  const io = createNodeIo();
  const bytes = typeof input === 'string' ? Buffer.from(input) : input;
  return { ...io, files: { ...io.files, readStdin: async () => bytes } };
}

export const loadText = (input: string | Uint8Array): Promise<Checked<Manifests>> =>
  load(['-'], stdinIo(input), neverAborted);

/** The problems of a text, as `validate` prints them. */
export const problemsOf = async (input: string | Uint8Array): Promise<string> =>
  renderProblems((await loadText(input)).problems);

/** One line for each problem: its place, its code and where in the object. */
const outline = (problems: readonly Problem[]): readonly string[] =>
  problems.map(({ origin, code, path, severity }) =>
    [
      origin === undefined ? 'nowhere' : `${origin.line}:${origin.column}`,
      severity === 'warning' ? `warning ${code}` : code,
      ...(path === undefined ? [] : [path]),
    ].join(' '),
  );

export const outlineOf = async (input: string | Uint8Array): Promise<readonly string[]> =>
  outline((await loadText(input)).problems);

/** A manifest of one Model with more fields under `spec`, indented by two. */
export const modelWith = (...specLines: readonly string[]): string =>
  [
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    'metadata:',
    '  name: coder',
    'spec:',
    ...specLines.map((line) => `  ${line}`),
    '',
  ].join('\n');
