// What the header of a GGUF file says, from its first bytes. Pure. The bytes are hostile until
// proven otherwise: every count and length is bounded before anything is done so often or made so
// large, and only the few values that are wanted are ever decoded. Layout: ggml/include/gguf.h.
import type { ArtifactFacts } from '../core/artifact.ts';
import { Cursor, MoreNeeded } from './gguf-cursor.ts';
import { fileTypeName, tensorBytes } from './gguf-types.ts';
import { HeaderError } from './header-error.ts';

export type GgufHeader =
  | {
      readonly kind: 'gguf';
      readonly facts: ArtifactFacts;
      /** How long the file must be at least for its tensors to be there; 0 when not known. */
      readonly fileBytesMin: number;
    }
  /** The header is longer than the bytes given: this many from the start are needed to go on. */
  | { readonly kind: 'more'; readonly bytes: number }
  | { readonly kind: 'other' }
  /** `because` ends a sentence that begins with the file. */
  | { readonly kind: 'broken'; readonly because: string };

const pairsMax = 100_000;
const tensorsMax = 100_000;
const dimensionsMax = 4;
const keyBytesMax = 65_535;
const textBytesMax = 256;
const alignmentMax = 1024 * 1024;

/**
 * `bytes` are the first ones of a file; a header that claims to be longer than `headerBytesMax` is
 * broken. Never throws; takes time linear in the number of bytes.
 */
export function parseGguf(bytes: Uint8Array, headerBytesMax: number): GgufHeader {
  try {
    return parse(bytes, headerBytesMax);
  } catch (error) {
    if (error instanceof MoreNeeded) return { kind: 'more', bytes: error.bytes };
    if (error instanceof HeaderError) return { kind: 'broken', because: error.message };
    throw error;
  }
}

function parse(bytes: Uint8Array, headerBytesMax: number): GgufHeader {
  const magic = [0x47, 0x47, 0x55, 0x46]; // GGUF
  if (bytes.subarray(0, 4).some((byte, index) => byte !== magic[index])) return { kind: 'other' };
  const cursor = new Cursor(bytes, headerBytesMax);
  cursor.skip(4);
  let version = cursor.u32();
  if ((version & 0xffff) === 0) version = cursor.turnBigEndian(version);
  if (version === 1)
    throw new HeaderError('is of the first version of GGUF, which engines no longer read');
  // Of a later version nothing is known but that engines of its time will read it.
  if (version > 3) return { kind: 'gguf', facts: { format: 'gguf' }, fileBytesMin: 0 };
  const tensors = cursor.count('tensors', tensorsMax);
  const pairs = cursor.count('metadata entries', pairsMax);
  const metadata = readMetadata(cursor, pairs);
  const { parameters, dataBytes } = readTensors(cursor, tensors);
  const alignment = numberAt(metadata, 'general.alignment') ?? 32;
  if (alignment < 1 || alignment > alignmentMax || !Number.isInteger(Math.log2(alignment))) {
    throw new HeaderError('has an alignment that is no power of two');
  }
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  return {
    kind: 'gguf',
    facts: factsOf(metadata, parameters),
    fileBytesMin: dataBytes === 0 ? cursor.position : dataStart + dataBytes,
  };
}

type Metadata = ReadonlyMap<string, string | number>;

// Anything else is skipped without being decoded: a chat template is text from outside that
// nobody here needs.
const isWanted = (key: string): boolean =>
  /^(general\.(architecture|file_type|license|alignment)|split\.count)$/.test(key) ||
  /^[\w.-]{1,64}\.context_length$/.test(key);

function readMetadata(cursor: Cursor, pairs: number): Metadata {
  const metadata = new Map<string, string | number>();
  for (let index = 0; index < pairs; index += 1) {
    const key = cursor.text(keyBytesMax, keyBytesMax) ?? '';
    const type = cursor.u32();
    const value = isWanted(key) ? cursor.scalar(type, textBytesMax) : null;
    if (value === null) cursor.skipValue(type);
    else if (value !== undefined) metadata.set(key, value);
  }
  return metadata;
}

function readTensors(
  cursor: Cursor,
  tensors: number,
): { readonly parameters: number; readonly dataBytes: number } {
  let parameters = 0;
  let dataBytes = 0;
  for (let index = 0; index < tensors; index += 1) {
    cursor.text(keyBytesMax, 0);
    const dimensions = cursor.u32();
    if (dimensions > dimensionsMax)
      throw new HeaderError(`has a tensor of ${dimensions} dimensions`);
    let elements = 1;
    for (let at = 0; at < dimensions; at += 1) elements *= cursor.u64('a dimension');
    const type = cursor.u32();
    const offset = cursor.u64('an offset');
    parameters += elements;
    dataBytes = Math.max(dataBytes, offset + tensorBytes(type, elements));
    if (!Number.isSafeInteger(parameters) || !Number.isSafeInteger(dataBytes)) {
      throw new HeaderError('has tensors larger than any disk');
    }
  }
  return { parameters, dataBytes };
}

function factsOf(metadata: Metadata, parameters: number): ArtifactFacts {
  const architecture = nameAt(metadata, 'general.architecture');
  const license = nameAt(metadata, 'general.license');
  const quantization = fileTypeName(numberAt(metadata, 'general.file_type'));
  const contextLength = numberAt(metadata, `${architecture}.context_length`);
  // The first file of several lists its own tensors only.
  const whole = (numberAt(metadata, 'split.count') ?? 1) <= 1;
  return {
    format: 'gguf',
    ...(architecture === undefined ? {} : { architecture }),
    ...(quantization === undefined ? {} : { quantization }),
    ...(contextLength === undefined || contextLength < 1 ? {} : { contextLength }),
    ...(whole && parameters > 0 ? { parameters } : {}),
    ...(license === undefined ? {} : { license }),
  };
}

function numberAt(metadata: Metadata, key: string): number | undefined {
  const value = metadata.get(key);
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

function nameAt(metadata: Metadata, key: string): string | undefined {
  const value = metadata.get(key);
  return typeof value === 'string' && /^[\w.+() -]{1,64}$/.test(value) ? value : undefined;
}
