// Writes GGUF headers, right ones and wrong ones, for tests of what reads them. No weights: the
// data is zeros of the length that the header calls for.

type Scalar = number | bigint | string | boolean;
export interface Pair {
  readonly key: string;
  readonly type: keyof typeof typeNumbers;
  readonly value: Scalar | readonly Scalar[];
  /** Of an array's items. */
  readonly itemType?: keyof typeof typeNumbers;
}
export interface Tensor {
  readonly name: string;
  readonly dimensions: readonly (number | bigint)[];
  /** Of ggml; 0 is F32. */
  readonly type?: number;
  readonly offset?: number | bigint;
}

const typeNumbers = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;

export interface GgufOptions {
  readonly version?: number;
  readonly bigEndian?: boolean;
  readonly pairs?: readonly Pair[];
  readonly tensors?: readonly Tensor[];
  /** Instead of the true ones. */
  readonly tensorCount?: bigint;
  readonly pairCount?: bigint;
  readonly dataBytes?: number;
}

export function ggufBytes(options: GgufOptions = {}): Buffer {
  const { pairs = usualPairs, tensors = usualTensors, bigEndian = false } = options;
  const parts: Buffer[] = [];
  const put = (bytes: number, write: (view: DataView) => void): void => {
    const buffer = Buffer.alloc(bytes);
    write(new DataView(buffer.buffer, buffer.byteOffset, bytes));
    parts.push(buffer);
  };
  const little = !bigEndian;
  const u32 = (value: number): void => put(4, (view) => view.setUint32(0, value, little));
  const u64 = (value: number | bigint): void =>
    put(8, (view) => view.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), little));
  const text = (value: string): void => {
    const bytes = Buffer.from(value, 'utf8');
    u64(bytes.length);
    parts.push(bytes);
  };
  const scalar = (type: Pair['type'], value: Scalar): void => {
    if (type === 'string') return text(String(value));
    if (type === 'f32') return put(4, (view) => view.setFloat32(0, Number(value), little));
    if (type === 'f64') return put(8, (view) => view.setFloat64(0, Number(value), little));
    if (type === 'u64' || type === 'i64') return u64(BigInt(value));
    if (type === 'u32' || type === 'i32') return u32(Number(value) >>> 0);
    if (type === 'u16' || type === 'i16')
      return put(2, (view) => view.setUint16(0, Number(value), little));
    return put(1, (view) => view.setUint8(0, Number(value)));
  };

  parts.push(Buffer.from('GGUF'));
  u32(options.version ?? 3);
  u64(options.tensorCount ?? tensors.length);
  u64(options.pairCount ?? pairs.length);
  for (const { key, type, value, itemType = 'u32' } of pairs) {
    text(key);
    u32(typeNumbers[type]);
    if (!Array.isArray(value)) {
      scalar(type, value as Scalar);
      continue;
    }
    u32(typeNumbers[itemType]);
    u64(value.length);
    for (const item of value as readonly Scalar[]) scalar(itemType, item);
  }
  let offset = 0;
  for (const { name, dimensions, type = 0, offset: given } of tensors) {
    text(name);
    u32(dimensions.length);
    for (const dimension of dimensions) u64(dimension);
    u32(type);
    u64(given ?? offset);
    const bytes = 4 * dimensions.reduce<number>((product, one) => product * Number(one), 1);
    offset += Math.ceil(bytes / 32) * 32;
  }
  const header = Buffer.concat(parts);
  const padding = (32 - (header.length % 32)) % 32;
  return Buffer.concat([header, Buffer.alloc(padding + (options.dataBytes ?? offset))]);
}

export const usualPairs: readonly Pair[] = [
  { key: 'general.architecture', type: 'string', value: 'llama' },
  { key: 'general.license', type: 'string', value: 'apache-2.0' },
  { key: 'general.file_type', type: 'u32', value: 15 },
  { key: 'llama.context_length', type: 'u32', value: 4096 },
  { key: 'llama.attention.head_count_kv', type: 'array', itemType: 'u32', value: [8, 8] },
  { key: 'llama.rope.freq_base', type: 'f32', value: 10_000 },
  { key: 'tokenizer.ggml.tokens', type: 'array', itemType: 'string', value: ['<s>', 'a', 'é'] },
  { key: 'tokenizer.ggml.add_bos_token', type: 'bool', value: true },
  { key: 'tokenizer.chat_template', type: 'string', value: '{{ messages }}'.repeat(50) },
];

export const usualTensors: readonly Tensor[] = [
  { name: 'token_embd.weight', dimensions: [64, 3] },
  { name: 'output_norm.weight', dimensions: [64] },
];
