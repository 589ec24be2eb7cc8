// What the header of a safetensors file says, from its first bytes, held against the length of
// the file. Pure. Layout: eight bytes with the length of the header, the header in JSON, then the
// tensors, which must fill the rest from the first byte to the last without hole or overlap.
import { HeaderError } from './header-error.ts';
import { parseStrictJson, type StrictJson } from './strict-json.ts';

export type SafetensorsHeader =
  | {
      readonly kind: 'safetensors';
      readonly parameters: number;
      /** Bytes of tensors by their type, as in `BF16`. */
      readonly bytesByType: ReadonlyMap<string, number>;
    }
  /** This many bytes from the start are needed to go on. */
  | { readonly kind: 'more'; readonly bytes: number }
  /** `because` ends a sentence that begins with the file. */
  | { readonly kind: 'broken'; readonly because: string };

const lengthBytes = 8;
const tensorsMax = 1_000_000;
const dimensionsMax = 64;

/**
 * `bytes` are the first ones of a file that is `fileBytes` long; a header that claims to be longer
 * than `headerBytesMax` is broken. Never throws.
 */
export function parseSafetensors(
  bytes: Uint8Array,
  fileBytes: number,
  headerBytesMax: number,
): SafetensorsHeader {
  try {
    return parse(bytes, fileBytes, headerBytesMax);
  } catch (error) {
    if (error instanceof HeaderError) return { kind: 'broken', because: error.message };
    throw error;
  }
}

function parse(bytes: Uint8Array, fileBytes: number, headerBytesMax: number): SafetensorsHeader {
  if (fileBytes < lengthBytes) throw new HeaderError('is too short to hold anything');
  if (bytes.length < lengthBytes) return { kind: 'more', bytes: lengthBytes };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > headerBytesMax) {
    throw new HeaderError(`claims a header of more than ${headerBytesMax} bytes`);
  }
  const dataStart = lengthBytes + length;
  if (dataStart > fileBytes) throw new HeaderError('ends before its header does');
  if (bytes.length < dataStart) {
    // What cannot become a header is not worth waiting for.
    if (bytes.length > lengthBytes && bytes[lengthBytes] !== openingBrace) throw notAnObject;
    return { kind: 'more', bytes: dataStart };
  }
  if (length === 0 || bytes[lengthBytes] !== openingBrace) throw notAnObject;
  const header = parseStrictJson(decode(bytes.subarray(lengthBytes, dataStart)));
  if (!isMap(header)) throw notAnObject;
  if (header.size > tensorsMax) throw new HeaderError(`lists more than ${tensorsMax} tensors`);
  const tensors = [...header].flatMap(([name, value]) => {
    if (name !== '__metadata__') return [readTensor(value)];
    checkMetadata(value);
    return [];
  });
  checkTiles(tensors, fileBytes - dataStart);
  const bytesByType = new Map<string, number>();
  let parameters = 0;
  for (const { type, elements, begin, end } of tensors) {
    bytesByType.set(type, (bytesByType.get(type) ?? 0) + end - begin);
    parameters += elements;
  }
  return { kind: 'safetensors', parameters, bytesByType };
}

interface Tensor {
  readonly type: string;
  readonly elements: number;
  readonly begin: number;
  readonly end: number;
}

const openingBrace = 0x7b;
const notAnObject = new HeaderError('does not begin with a header of safetensors');

const isMap = (value: StrictJson | undefined): value is ReadonlyMap<string, StrictJson> =>
  value instanceof Map;

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new HeaderError('has a header that is not UTF-8');
  }
}

function checkMetadata(value: StrictJson): void {
  const isText = isMap(value) && [...value.values()].every((one) => typeof one === 'string');
  if (!isText) throw new HeaderError('has metadata that is not text');
}

/** Bits of an element. Types shorter than a byte are packed. */
const bitsOf: ReadonlyMap<StrictJson | undefined, number> = new Map([
  ...['C64', 'F64', 'I64', 'U64'].map((type) => [type, 64] as const),
  ...['F32', 'I32', 'U32'].map((type) => [type, 32] as const),
  ...['F16', 'BF16', 'I16', 'U16'].map((type) => [type, 16] as const),
  ...['BOOL', 'I8', 'U8', 'F8_E4M3', 'F8_E5M2', 'F8_E8M0'].map((type) => [type, 8] as const),
  ...['F8_E4M3FNUZ', 'F8_E5M2FNUZ'].map((type) => [type, 8] as const),
  ...['F6_E2M3', 'F6_E3M2'].map((type) => [type, 6] as const),
  ['F4', 4] as const,
]);

function readTensor(value: StrictJson): Tensor {
  if (!isMap(value) || value.size !== 3) throw new HeaderError('has a tensor of another form');
  const type = value.get('dtype');
  const bits = bitsOf.get(type);
  if (typeof type !== 'string' || bits === undefined) {
    throw new HeaderError('has a tensor of a type that is not known');
  }
  const shape = numbersIn(value.get('shape'));
  if (shape.length > dimensionsMax) {
    throw new HeaderError(`has a tensor of ${shape.length} dimensions`);
  }
  const elements = shape.reduce((product, one) => product * one, 1);
  const [begin = 0, end = 0, ...more] = numbersIn(value.get('data_offsets'));
  if (more.length > 0 || end < begin)
    throw new HeaderError('has a tensor that ends before it begins');
  if (!Number.isSafeInteger(elements * bits)) {
    throw new HeaderError('has tensors larger than any disk');
  }
  if ((end - begin) * 8 !== elements * bits) {
    throw new HeaderError('has a tensor whose shape and length differ');
  }
  return { type, elements, begin, end };
}

function numbersIn(value: StrictJson | undefined): readonly number[] {
  const isList =
    Array.isArray(value) &&
    value.every((one) => typeof one === 'number' && Number.isSafeInteger(one) && one >= 0);
  if (!isList) throw new HeaderError('has a tensor without shape or place');
  return value as readonly number[];
}

function checkTiles(tensors: readonly Tensor[], dataBytes: number): void {
  let end = 0;
  for (const tensor of tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (tensor.begin < end) throw new HeaderError('has tensors that overlap');
    if (tensor.begin > end) throw new HeaderError('has a hole between its tensors');
    end = tensor.end;
  }
  if (end > dataBytes) {
    throw new HeaderError(`lacks ${end - dataBytes} bytes that its header speaks of: it was cut`);
  }
  if (end < dataBytes) {
    throw new HeaderError(`has ${dataBytes - end} bytes that its header does not speak of`);
  }
}
