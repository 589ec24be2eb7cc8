// Writes safetensors files, right ones and wrong ones. The data is zeros.

const bytesOf: Readonly<Record<string, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U8: 1,
  F8_E4M3: 1,
};

export interface TensorShape {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export function safetensorsBytes(
  tensors: readonly TensorShape[] = [{ name: 'weight', dtype: 'BF16', shape: [4, 8] }],
): Buffer {
  let end = 0;
  const entries = tensors.map(({ name, dtype, shape }) => {
    const begin = end;
    end += shape.reduce((product, one) => product * one, 1) * (bytesOf[dtype] ?? 1);
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`;
  });
  return safetensorsFile(`{${entries.join(',')}}`, end);
}

/** A header as it is given, one byte a character when it has others than ASCII below 256. */
export function safetensorsFile(header: string, dataBytes: number): Buffer {
  const isLatin = /^[\u0000-\u00ff]*$/.test(header) && header.includes('\xff');
  const text = Buffer.from(header, isLatin ? 'latin1' : 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)]);
}
