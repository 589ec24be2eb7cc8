// Headers of a tar archive (POSIX.1-2001 ustar and pax), as far as a bundle needs them: regular files
// and folders. Written without owner, time or anything else that differs between two runs. Pure.

export const blockBytes = 512;

/** From here on a size has no room in ustar's eleven octal digits. */
const octalSizeMax = 8 ** 11 - 1;

export interface TarHeader {
  readonly name: string;
  readonly bytes: number;
  /** One character; files are `0`. */
  readonly type: string;
}

export const paddingOf = (bytes: number): number =>
  (blockBytes - (bytes % blockBytes)) % blockBytes;

/** All that stands before the bytes of a file. `name` has at most 100 characters of ASCII. */
export function headerOf(name: string, bytes: number): Uint8Array {
  if (bytes <= octalSizeMax) return block(name, bytes, '0');
  const record = paxRecord('size', String(bytes));
  return Buffer.concat([
    block('pax', record.length, 'x'),
    record,
    Buffer.alloc(paddingOf(record.length)),
    block(name, 0, '0'),
  ]);
}

/** The length that it begins with counts itself. */
function paxRecord(name: string, value: string): Buffer {
  const rest = ` ${name}=${value}\n`;
  let length = rest.length;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return Buffer.from(`${length}${rest}`);
}

function block(name: string, bytes: number, type: string): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0, 100, 'latin1');
  header.write('0000644\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('00000000000\0', 136, 'latin1');
  header.write(type, 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** Over all bytes, with its own field as blanks. */
function checksumOf(header: Uint8Array): number {
  let sum = 0;
  for (const [at, byte] of header.entries()) sum += at >= 148 && at < 156 ? 0x20 : byte;
  return sum;
}

/** `end`: a block of zeros. Null: no header of a tar archive. */
export function parseHeader(header: Uint8Array): TarHeader | 'end' | null {
  if (header.every((byte) => byte === 0)) return 'end';
  const text = Buffer.from(header).toString('latin1');
  const field = (start: number, length: number): string =>
    text.slice(start, start + length).replace(/\0.*$/s, '');
  const checksum = octal(field(148, 8));
  const bytes = sizeOf(header.subarray(124, 136));
  if (checksum !== checksumOf(header) || bytes === null) return null;
  const isUstar = text.slice(257, 263) === 'ustar\0';
  const prefix = isUstar ? field(345, 155) : '';
  const name = prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`;
  const type = text[156] ?? '';
  return { name, bytes, type: type === '\0' ? '0' : type };
}

const octal = (text: string): number | null => {
  const digits = text.trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : null;
};

/** Octal digits, or, as GNU tar has it for large ones, a number in base 256. */
function sizeOf(field: Uint8Array): number | null {
  const [first = 0] = field;
  if (first !== 0x80) return octal(Buffer.from(field).toString('latin1').replace(/\0.*$/s, ''));
  const size = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  return Number.isSafeInteger(size) ? size : null;
}

/** The records of a pax header; null when they are none. */
export function parsePax(bytes: Uint8Array): ReadonlyMap<string, string> | null {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const rest = Buffer.from(bytes.subarray(at));
    const [, digits = ''] = /^([1-9]\d{0,8}) /.exec(rest.subarray(0, 10).toString('latin1')) ?? [];
    const length = Number(digits);
    const record = rest.subarray(0, length).toString('utf8');
    const [, name, value] = /^\d+ ([^=]+)=([\s\S]*)\n$/.exec(record) ?? [];
    if (digits === '' || rest.length < length || name === undefined || value === undefined)
      return null;
    records.set(name, value);
    at += length;
  }
  return records;
}
