// The one list of sources, and who answers to which reference. A reference without a scheme is
// one of Ollama's, as its users write them.
import { assert } from '../../core/assert.ts';
import { didYouMean } from '../../core/did-you-mean.ts';
import { type Checked, checked, errorProblem, refused } from '../../core/problem.ts';
import type { Source, Sources } from '../source.ts';
import { fileSource } from './file/index.ts';
import { httpSource, httpsSource } from './https/index.ts';
import { huggingFaceSource } from './huggingface/index.ts';
import { ociSource } from './oci/index.ts';
import { ollamaSource } from './ollama/index.ts';

const list: readonly Source[] = [
  ollamaSource,
  huggingFaceSource,
  ociSource,
  fileSource,
  httpsSource,
  httpSource,
];

/** The list as the stages are given it. */
export const sources: Sources = {
  canonicalize: (reference) => canonicalize(reference),
  sourceOf: (canonical) => {
    const source = sourceFor(canonical);
    assert(source.ok, 'a reference in canonical form has a source');
    return source.value;
  },
  local: fileSource,
};

/** The source that a reference, canonical or not, is for. */
export function sourceFor(reference: string): Checked<Source> {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(reference)?.[1]?.toLowerCase();
  if (scheme === undefined) return withoutScheme(reference);
  const source = list.find((one) => one.scheme === scheme);
  if (source !== undefined) return checked(source);
  return refused(unknown(`${scheme.slice(0, 40)}://`, suggestion(scheme)));
}

/** The one spelling of a reference, whatever its scheme. Pure. */
export function canonicalize(reference: string): Checked<string> {
  const source = sourceFor(reference);
  return source.ok ? source.value.canonicalize(reference) : source;
}

function withoutScheme(reference: string): Checked<Source> {
  const cut = /^(ollama|file|https?|hf|oci):/i.exec(reference)?.[1]?.toLowerCase();
  if (cut !== undefined) {
    return refused(unknown(`${cut}: without two slashes after it`, `Write ${cut}://.`));
  }
  if (/^(\.{0,2}[\\/]|~|[A-Za-z]:[\\/])/.test(reference)) {
    return refused(
      unknown(
        'a path that stands alone',
        'Write file://./model.gguf for a file beside the manifest.',
      ),
    );
  }
  return checked(ollamaSource);
}

const suggestion = (scheme: string): string => {
  const near = didYouMean(
    scheme,
    list.map((one) => one.scheme),
  );
  return near === null
    ? 'Use ollama://, hf://, oci://, file:// or https://.'
    : `Did you mean ${near}://?`;
};

const unknown = (what: string, remedy: string) =>
  errorProblem({
    code: 'source/unknown-scheme',
    summary: 'A source begins with an unknown scheme',
    detail: `No source answers to ${what}.`,
    remedy,
  });
