import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSafetensors } from '../../src/models/safetensors.ts';
import { safetensorsBytes, safetensorsFile } from '../fakes/safetensors-bytes.ts';

const bytesMax = 100_000_000;
const parse = (bytes: Uint8Array) => parseSafetensors(bytes, bytes.length, bytesMax);
const reasonOf = (bytes: Uint8Array, fileBytes = bytes.length) => {
  const header = parseSafetensors(bytes, fileBytes, bytesMax);
  return header.kind === 'broken' ? header.because : header;
};
const withHeader = (header: string, dataBytes = 0): Buffer => safetensorsFile(header, dataBytes);
const tensor = (dtype: string, shape: readonly number[], begin: number, end: number) =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe('what a header says', () => {
  it('gives the number of parameters and the bytes of each type', () => {
    const bytes = safetensorsBytes([
      { name: 'a', dtype: 'BF16', shape: [2, 3] },
      { name: 'b', dtype: 'F32', shape: [4] },
      { name: 'c', dtype: 'BF16', shape: [1] },
    ]);
    const bytesByType = new Map([
      ['BF16', 14],
      ['F32', 16],
    ]);
    expect(parse(bytes)).toEqual({ kind: 'safetensors', parameters: 11, bytesByType });
  });

  it('takes metadata, scalars, empty tensors and packed types', () => {
    const header = `{"__metadata__":{"format":"pt"},"s":${tensor('F32', [], 0, 4)},"e":${tensor('F32', [0, 7], 4, 4)},"p":${tensor('F4', [4], 4, 6)}}`;
    expect(parse(withHeader(header, 6))).toMatchObject({ kind: 'safetensors', parameters: 5 });
  });

  it('may be filled up with blanks, and may list nothing', () => {
    expect(parse(withHeader('{}      '))).toMatchObject({ kind: 'safetensors', parameters: 0 });
  });

  it('asks for more bytes for every cut of a good header, and never for too many', () => {
    const whole = safetensorsBytes([{ name: 'a', dtype: 'F16', shape: [8] }]);
    const headerEnd = whole.length - 16;
    for (let length = 0; length < headerEnd; length += 1) {
      const cut = parseSafetensors(whole.subarray(0, length), whole.length, bytesMax);
      if (cut.kind !== 'more') expect.fail(`cut at ${length}: ${cut.kind}`);
      expect(cut.bytes).toBe(length < 8 ? 8 : headerEnd);
    }
    expect(parseSafetensors(whole.subarray(0, headerEnd), whole.length, bytesMax).kind).toBe(
      'safetensors',
    );
  });
});

describe('what is not a usable header', () => {
  const a = tensor('F32', [1], 0, 4);

  it.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /too short/],
    [
      'a header that claims to be longer than the file',
      withHeader('{}').fill(9, 0, 1),
      /ends before/,
    ],
    ['a header of 2^63 bytes', Buffer.alloc(100, 0xff), /more than 100000000/],
    ['an empty header', withHeader(''), /does not begin/],
    ['a list', withHeader('[]'), /does not begin/],
    ['a blank before the header', withHeader(' {}'), /does not begin/],
    ['the same tensor twice', withHeader(`{"a":${a},"a":${a}}`, 4), /same key twice/],
    ['a key twice, once escaped', withHeader(`{"a":${a},"\\u0061":${a}}`, 4), /same key twice/],
    ['a field twice', withHeader('{"a":{"dtype":"F32","dtype":"F16"}}', 4), /same key twice/],
    ['something after its end', withHeader('{} x'), /after its end/],
    ['an object without an end', withHeader('{"a":{}'), /without an end/],
    ['deep nesting', withHeader(`{"a":${'['.repeat(500)}`), /within values/],
    ['text that is no UTF-8', withHeader('{"\xff":1}'), /UTF-8/],
    ['metadata that is a number', withHeader('{"__metadata__":{"a":1}}'), /metadata/],
    ['a type that is not known', withHeader(`{"a":${tensor('Q4', [1], 0, 4)}}`, 4), /not known/],
    ['a shape below zero', withHeader(`{"a":${tensor('F32', [-1], 0, 4)}}`, 4), /without shape/],
    [
      'a shape that is no number',
      withHeader('{"a":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}', 4),
      /without shape/,
    ],
    ['a fraction', withHeader(`{"a":${tensor('F32', [0.5], 0, 2)}}`, 2), /without shape/],
    [
      'a product that overflows',
      withHeader(`{"a":${tensor('F32', [2 ** 40, 2 ** 40], 0, 4)}}`, 4),
      /any disk/,
    ],
    ['a shape of another length', withHeader(`{"a":${tensor('F32', [2], 0, 4)}}`, 4), /differ/],
    [
      'an end before the begin',
      withHeader(`{"a":${tensor('F32', [1], 4, 0)}}`, 4),
      /ends before it begins/,
    ],
    [
      'a third offset',
      withHeader('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 4),
      /ends before it begins/,
    ],
    [
      'a further field',
      withHeader('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}', 4),
      /another form/,
    ],
    ['a hole', withHeader(`{"a":${tensor('F32', [1], 4, 8)}}`, 8), /hole/],
    ['an overlap', withHeader(`{"a":${a},"b":${tensor('F32', [1], 2, 6)}}`, 6), /overlap/],
    ['two tensors in one place', withHeader(`{"a":${a},"b":${a}}`, 4), /overlap/],
    ['a file that was cut', withHeader(`{"a":${a}}`, 3), /was cut/],
    ['a file that is longer', withHeader(`{"a":${a}}`, 5), /does not speak of/],
  ])('refuses %s', (_, bytes, reason) => {
    expect(reasonOf(bytes)).toMatch(reason);
  });

  it('sees from the first byte that a long header is none', () => {
    const start = Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0x3c]);
    expect(reasonOf(start, 2 ** 30)).toMatch(/does not begin/);
  });

  it('takes a key that means something to JavaScript for a name like any other', () => {
    const header = `{"__proto__":${tensor('F32', [1], 0, 4)},"constructor":${tensor('F32', [1], 4, 8)}}`;
    expect(parse(withHeader(header, 8))).toMatchObject({ kind: 'safetensors', parameters: 2 });
  });

  it('never throws and takes little time, whatever the bytes', () => {
    const good = safetensorsBytes([
      { name: 'a', dtype: 'BF16', shape: [2, 3] },
      { name: 'b', dtype: 'F32', shape: [4] },
    ]);
    const edited = fc
      .tuple(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 9 }))
      .map(([at, bytes]) => {
        const copy = Buffer.from(good);
        copy.set(bytes.subarray(0, copy.length - at), at);
        return copy;
      });
    const texts = fc
      .oneof(fc.json(), fc.string({ unit: 'binary' }))
      .map((text) => withHeader(text));
    const any = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(edited, texts, any), (bytes) => {
        const startedAt = performance.now();
        const header = parse(bytes);
        expect(performance.now() - startedAt).toBeLessThan(500);
        if (header.kind === 'more') expect(header.bytes).toBeLessThanOrEqual(100_000_008);
      }),
      { numRuns: 3_000 },
    );
  });

  it('accepts every set of tensors that fills its file, in whatever order it lists them', () => {
    const any = fc.uniqueArray(
      fc.record({
        name: fc
          .string({ unit: 'binary', maxLength: 8 })
          .filter((name) => name.isWellFormed() && name !== '__metadata__'),
        dtype: fc.constantFrom('F32', 'BF16', 'I64', 'U8', 'F8_E4M3'),
        shape: fc.array(fc.nat(5), { maxLength: 3 }),
      }),
      { selector: ({ name }) => name, maxLength: 8 },
    );
    fc.assert(
      fc.property(any, (tensors) => {
        const parameters = tensors.reduce(
          (sum, { shape }) => sum + shape.reduce((product, one) => product * one, 1),
          0,
        );
        expect(parse(safetensorsBytes(tensors))).toMatchObject({ kind: 'safetensors', parameters });
      }),
    );
  });
});
