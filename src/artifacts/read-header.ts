// Reads just as much of a file as it takes to know what it is. The parser is loaded only here: a
// run that resolves nothing never needs it.
import type { ArtifactFacts } from '../core/artifact.ts';
import { type Checked, checked, errorProblem, refused, warningProblem } from '../core/problem.ts';

/** Longest header that is read: vocabularies of 250,000 words take about a third of it. */
export const headerBytesMax = 48 * 1024 * 1024;
const firstLookBytes = 64 * 1024;

/**
 * Facts from the first bytes of a file, which is cancelled as soon as they suffice. A file that is
 * no GGUF has no facts and a warning; one that claims to be and is broken or cut is refused, since
 * engines have been made to crash by such headers. `name` is for messages.
 */
export async function readHeader(
  bytes: AsyncIterable<Uint8Array>,
  file: { readonly name: string; readonly bytes: number },
): Promise<Checked<ArtifactFacts>> {
  const { parseGguf } = await import('../models/gguf.ts');
  let buffer = new Uint8Array(firstLookBytes);
  let filled = 0;
  let wanted = firstLookBytes;
  let header = parseGguf(buffer.subarray(0, 0), headerBytesMax);
  for await (const chunk of bytes) {
    if (filled + chunk.length > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, filled + chunk.length));
      larger.set(buffer.subarray(0, filled));
      buffer = larger;
    }
    buffer.set(chunk, filled);
    filled += chunk.length;
    if (filled < Math.min(wanted, file.bytes)) continue;
    header = parseGguf(buffer.subarray(0, filled), headerBytesMax);
    if (header.kind !== 'more' || filled >= headerBytesMax) break;
    // Twice as much each time, so that starting over costs no more than reading it all once.
    wanted = Math.max(header.bytes, filled * 2);
  }
  switch (header.kind) {
    case 'other':
      return checked({}, [notGguf(file.name)]);
    case 'more':
      return refused(broken(file.name, 'ends before its header does'));
    case 'broken':
      return refused(broken(file.name, header.because));
    case 'gguf':
      if (header.fileBytesMin <= file.bytes) return checked(header.facts);
      return refused(
        broken(
          file.name,
          `has ${file.bytes} bytes, and its header speaks of ${header.fileBytesMin}: it was cut`,
        ),
      );
  }
}

const notGguf = (name: string) =>
  warningProblem({
    code: 'source/unknown-format',
    summary: 'A file is not in a format that is known',
    detail: `${name} is not a GGUF file, so nothing can be said about what it holds; an engine may refuse it.`,
  });

const broken = (name: string, because: string) =>
  errorProblem({
    code: 'source/broken-file',
    summary: 'A model file is damaged',
    detail: `${name} begins as a GGUF file and ${because}.`,
    remedy: 'Get the file again from where it came.',
  });
