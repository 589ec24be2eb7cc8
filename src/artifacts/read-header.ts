// Reads just as much of a file as it takes to know what it is. The parser is loaded only here: a
// run that resolves nothing never needs it.
import type { ArtifactFacts } from '../core/artifact.ts';
import { type Checked, checked, errorProblem, refused, warningProblem } from '../core/problem.ts';
import type { SafetensorsHeader } from '../models/safetensors.ts';

/** Longest header that is read: vocabularies of 250,000 words take about a third of it. */
export const headerBytesMax = 48 * 1024 * 1024;
/** Longest header of safetensors, as the library of the format has it, and its length before it. */
export const safetensorsBytesMax = 8 + 100_000_000;
const firstLookBytes = 64 * 1024;

/**
 * Facts from the first bytes of a file, which is cancelled as soon as they suffice. A file that is
 * no GGUF has no facts and a warning; one that claims to be and is broken or cut is refused, since
 * engines have been made to crash by such headers. `name` is for messages.
 */
export async function readHeader(
  bytes: AsyncIterable<Uint8Array>,
  file: Named,
): Promise<Checked<ArtifactFacts>> {
  const { parseGguf } = await import('../models/gguf.ts');
  const parse = (start: Uint8Array) => parseGguf(start, headerBytesMax);
  const header = await readStart(bytes, file, headerBytesMax, parse);
  switch (header.kind) {
    case 'other':
      return checked({}, [notGguf(file.name)]);
    case 'more':
      return refused(broken(file.name, 'GGUF', 'ends before its header does'));
    case 'broken':
      return refused(broken(file.name, 'GGUF', header.because));
    case 'gguf':
      if (header.fileBytesMin <= file.bytes) return checked(header.facts);
      return refused(
        broken(
          file.name,
          'GGUF',
          `has ${file.bytes} bytes, and its header speaks of ${header.fileBytesMin}: it was cut`,
        ),
      );
  }
}

/** The same of a safetensors file; what is not one is refused. */
export async function readSafetensors(
  bytes: AsyncIterable<Uint8Array>,
  file: Named,
): Promise<Checked<Extract<SafetensorsHeader, { kind: 'safetensors' }>>> {
  const { parseSafetensors } = await import('../models/safetensors.ts');
  const parse = (start: Uint8Array) => parseSafetensors(start, file.bytes, safetensorsBytesMax - 8);
  const header = await readStart(bytes, file, safetensorsBytesMax, parse);
  if (header.kind === 'safetensors') return checked(header);
  const because = header.kind === 'more' ? 'ends before its header does' : header.because;
  return refused(broken(file.name, 'safetensors', because));
}

interface Named {
  readonly name: string;
  readonly bytes: number;
}

/** Parses again with ever more of the start, until that says something or there is no more. */
async function readStart<H extends { readonly kind: string }>(
  bytes: AsyncIterable<Uint8Array>,
  file: Named,
  bytesMax: number,
  parse: (start: Uint8Array) => H | { readonly kind: 'more'; readonly bytes: number },
): Promise<H | { readonly kind: 'more'; readonly bytes: number }> {
  let buffer = new Uint8Array(firstLookBytes);
  let filled = 0;
  let wanted = firstLookBytes;
  let header = parse(buffer.subarray(0, 0));
  for await (const chunk of bytes) {
    if (filled + chunk.length > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, filled + chunk.length));
      larger.set(buffer.subarray(0, filled));
      buffer = larger;
    }
    buffer.set(chunk, filled);
    filled += chunk.length;
    if (filled < Math.min(wanted, file.bytes)) continue;
    header = parse(buffer.subarray(0, filled));
    if (!isMore(header) || filled >= bytesMax) break;
    // A power of two, where sources that send parts end one; and as each is twice the one before,
    // starting over costs no more than reading it all once.
    wanted = 2 ** Math.ceil(Math.log2(Math.max(header.bytes, filled + 1)));
  }
  return header;
}

const isMore = (header: {
  readonly kind: string;
}): header is { readonly kind: 'more'; readonly bytes: number } => header.kind === 'more';

const notGguf = (name: string) =>
  warningProblem({
    code: 'source/unknown-format',
    summary: 'A file is not in a format that is known',
    detail: `${name} is not a GGUF file, so nothing can be said about what it holds; an engine may refuse it.`,
  });

const broken = (name: string, format: string, because: string) =>
  errorProblem({
    code: 'source/broken-file',
    summary: 'A model file is damaged',
    detail: `${name} is a ${format} file that ${because}.`,
    remedy: 'Get the file again from where it came.',
  });
