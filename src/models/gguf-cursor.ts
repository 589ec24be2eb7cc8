// Steps through the bytes of a GGUF header. It guards one invariant: it never reads past what it
// was given, and never asks for more than a header may have. Running out of bytes and finding
// nonsense both end the parse, told apart by what is thrown; parseGguf catches them.
import { HeaderError } from './header-error.ts';

/** How many bytes from the start would let the parse go on. */
export class MoreNeeded extends Error {
  readonly bytes: number;
  constructor(bytes: number) {
    super(`${bytes} bytes needed`);
    this.bytes = bytes;
  }
}

const stringType = 8;
const arrayType = 9;
/** Sizes of the values of fixed size, by type: u8 i8 u16 i16 u32 i32 f32 bool, u64 i64 f64. */
const fixedBytes: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};

export class Cursor {
  position = 0;
  private readonly view: DataView;
  private readonly bytesMax: number;
  private little = true;

  constructor(bytes: Uint8Array, bytesMax: number) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.bytesMax = bytesMax;
  }

  /** Files for big-endian machines show by a version that is swapped; returns the real one. */
  turnBigEndian(version: number): number {
    this.little = false;
    const swapped = new DataView(new ArrayBuffer(4));
    swapped.setUint32(0, version, true);
    return swapped.getUint32(0, false);
  }

  skip(bytes: number): void {
    this.need(bytes);
    this.position += bytes;
  }

  u32(): number {
    this.need(4);
    const value = this.view.getUint32(this.position, this.little);
    this.position += 4;
    return value;
  }

  /** Beyond 2^53 nothing in a file can be true. */
  u64(what: string): number {
    const first = this.u32();
    const second = this.u32();
    const value = this.little ? second * 2 ** 32 + first : first * 2 ** 32 + second;
    if (!Number.isSafeInteger(value)) throw new HeaderError(`has ${what} of 2^53 or more`);
    return value;
  }

  count(what: string, countMax: number): number {
    const value = this.u64(`a number of ${what}`);
    if (value > countMax)
      throw new HeaderError(`claims ${value} ${what}; at most ${countMax} are read`);
    return value;
  }

  /** Steps over a string and decodes it; null when it is longer than `decodedMax` bytes. */
  text(bytesMax: number, decodedMax: number): string | null {
    const bytes = this.u64('a text');
    if (bytes > bytesMax) throw new HeaderError(`has a name of ${bytes} bytes`);
    this.need(bytes);
    const start = this.position;
    this.position += bytes;
    if (bytes > decodedMax) return null;
    return new TextDecoder().decode(
      new Uint8Array(this.view.buffer, this.view.byteOffset + start, bytes),
    );
  }

  /**
   * A number or a short text. Null, without having moved, for a type that is neither; undefined
   * for a text too long to be wanted.
   */
  scalar(type: number, textBytesMax: number): string | number | null | undefined {
    if (type === stringType) return this.text(this.bytesMax, textBytesMax) ?? undefined;
    const start = this.position;
    switch (type) {
      case 0:
        return this.fixed(1, () => this.view.getUint8(start));
      case 1:
        return this.fixed(1, () => this.view.getInt8(start));
      case 2:
        return this.fixed(2, () => this.view.getUint16(start, this.little));
      case 3:
        return this.fixed(2, () => this.view.getInt16(start, this.little));
      case 4:
        return this.u32();
      case 5:
        return this.fixed(4, () => this.view.getInt32(start, this.little));
      case 10:
        return this.fixed(8, () => Number(this.view.getBigUint64(start, this.little)));
      case 11:
        return this.fixed(8, () => Number(this.view.getBigInt64(start, this.little)));
      default:
        return null;
    }
  }

  /** Every value takes bytes of the header, so that nothing can make this loop for long. */
  skipValue(type: number, depth = 0): void {
    const size = fixedBytes[type];
    if (size !== undefined) return this.skip(size);
    if (type === stringType) return this.skip(this.u64('a text'));
    if (type !== arrayType) throw new HeaderError(`has a value of unknown type ${type}`);
    if (depth > 0) throw new HeaderError('has arrays within arrays, which engines do not read');
    const itemType = this.u32();
    const items = this.u64('an array');
    const itemSize = fixedBytes[itemType];
    if (itemSize !== undefined) return this.skip(items * itemSize);
    if (itemType !== stringType) return this.skipValue(itemType, depth + 1);
    this.need(items * 8); // each text has at least its length
    for (let index = 0; index < items; index += 1) this.skip(this.u64('a text'));
  }

  private fixed(bytes: number, read: () => number): number {
    this.need(bytes);
    this.position += bytes;
    return read();
  }

  private need(bytes: number): void {
    const end = this.position + bytes;
    if (end > this.bytesMax) {
      throw new HeaderError(`has a header of more than ${this.bytesMax} bytes`);
    }
    if (end > this.view.byteLength) throw new MoreNeeded(end);
  }
}
