import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGguf } from '../../src/models/gguf.ts';
import { type GgufOptions, ggufBytes, usualPairs, usualTensors } from '../fakes/gguf-bytes.ts';

const headerBytesMax = 8 * 1024 * 1024;
const parse = (options: GgufOptions = {}) => parseGguf(ggufBytes(options), headerBytesMax);
const factsOf = (options: GgufOptions = {}) => {
  const header = parse(options);
  return header.kind === 'gguf' ? header.facts : header;
};
const reasonOf = (options: GgufOptions) => {
  const header = parse(options);
  return header.kind === 'broken' ? header.because : header;
};

describe('what a header says', () => {
  it('gives format, architecture, quantization, context length, parameters and licence', () => {
    expect(factsOf()).toEqual({
      format: 'gguf',
      architecture: 'llama',
      quantization: 'Q4_K_M',
      contextLength: 4096,
      parameters: 64 * 3 + 64,
      license: 'apache-2.0',
    });
  });

  it('is the same for a file of a big-endian machine', () => {
    expect(factsOf({ bigEndian: true })).toEqual(factsOf());
  });

  it('names the format alone for a version that is not known yet', () => {
    expect(factsOf({ version: 4 })).toEqual({ format: 'gguf' });
  });

  it('takes the context length of its own architecture, wherever it stands', () => {
    const other = { key: 'clip.context_length', type: 'u32', value: 77 } as const;
    expect(factsOf({ pairs: [other, ...usualPairs.toReversed()] })).toMatchObject({
      contextLength: 4096,
    });
  });

  it('reads a quantization that llama.cpp guessed', () => {
    const pairs = [{ key: 'general.file_type', type: 'u32', value: 1024 + 7 }] as const;
    expect(factsOf({ pairs })).toMatchObject({ quantization: 'Q8_0' });
  });

  it('leaves out the parameters of one file of several', () => {
    const pairs = [...usualPairs, { key: 'split.count', type: 'u16', value: 3 } as const];
    expect(factsOf({ pairs })).not.toHaveProperty('parameters');
  });

  it('leaves out names that are too long or could disturb a terminal', () => {
    const pairs = [
      { key: 'general.architecture', type: 'string', value: 'x'.repeat(200) },
      { key: 'general.license', type: 'string', value: '\u001b[31mred' },
      { key: 'general.file_type', type: 'string', value: 'Q4' },
    ] as const;
    expect(factsOf({ pairs })).toEqual({ format: 'gguf', parameters: 256 });
  });

  it('tells how long the file must be', () => {
    const bytes = ggufBytes();
    const header = parseGguf(bytes, headerBytesMax);
    expect(header).toMatchObject({ kind: 'gguf', fileBytesMin: bytes.length });
  });
});

describe('what is not a usable header', () => {
  it('is another format when the magic differs', () => {
    expect(parseGguf(Buffer.from('<!doctype html>'), headerBytesMax)).toEqual({ kind: 'other' });
  });

  it('asks for more bytes for every cut of a good header, and never for too many', () => {
    const whole = ggufBytes();
    const header = parseGguf(whole, headerBytesMax);
    for (let length = 0; length < 300; length += 1) {
      const cut = parseGguf(whole.subarray(0, length), headerBytesMax);
      if (cut.kind === 'gguf') expect(cut).toEqual(header);
      else if (cut.kind === 'more') {
        expect(cut.bytes).toBeGreaterThan(length);
        expect(cut.bytes).toBeLessThanOrEqual(whole.length);
      } else expect.fail(`cut at ${length}: ${cut.kind}`);
    }
  });

  it.each<[string, GgufOptions, RegExp]>([
    ['2^63 tensors', { tensorCount: 2n ** 63n }, /2\^53/],
    ['a million tensors', { tensorCount: 1_000_000n }, /claims 1000000 tensors/],
    ['2^63 metadata entries', { pairCount: 2n ** 63n }, /2\^53/],
    [
      'a tensor of five dimensions',
      { tensors: [{ name: 'x', dimensions: [1, 1, 1, 1, 1] }] },
      /5 dimensions/,
    ],
    [
      'a dimension of 2^63',
      { tensors: [{ name: 'x', dimensions: [2n ** 63n] }], dataBytes: 0 },
      /2\^53/,
    ],
    [
      'dimensions whose product overflows',
      { tensors: [{ name: 'x', dimensions: [2 ** 40, 2 ** 40] }], dataBytes: 0 },
      /larger than any disk/,
    ],
    ['an offset of 2^63', { tensors: [{ ...usualTensors[1]!, offset: 2n ** 63n }] }, /2\^53/],
    ['the first version of the format', { version: 1 }, /first version/],
    [
      'an alignment of three',
      { pairs: [{ key: 'general.alignment', type: 'u32', value: 3 }] },
      /power of two/,
    ],
    [
      'an array in an array',
      { pairs: [{ key: 'x', type: 'array', itemType: 'array', value: [0] }] },
      /arrays within arrays/,
    ],
    [
      'a name of 100 kB',
      { pairs: [{ key: 'k'.repeat(100_000), type: 'u8', value: 1 }] },
      /name of 100000 bytes/,
    ],
  ])('refuses %s', (_, options, reason) => {
    expect(reasonOf(options)).toMatch(reason);
  });

  it('refuses a text or array longer than a header may be without reading on', () => {
    const bytes = ggufBytes({ pairs: [{ key: 'x', type: 'string', value: '' }], tensors: [] });
    const length = bytes.indexOf('x') + 1 + 4;
    bytes.writeBigUInt64LE(2n ** 50n, length);
    expect(parseGguf(bytes, headerBytesMax)).toMatchObject({ kind: 'broken' });
  });

  it('never throws and never asks for more than a header may have, whatever the bytes', () => {
    const good = ggufBytes();
    const header = fc
      .uint8Array({ maxLength: 200 })
      .map((tail) => Buffer.concat([good.subarray(0, 24), tail]));
    const flipped = fc
      .tuple(
        fc.integer({ min: 4, max: good.length - 9 }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      )
      .map(([at, value]) => {
        const bytes = Buffer.from(good);
        bytes.writeBigUInt64LE(value, at);
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(header, flipped, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        const startedAt = performance.now();
        const parsed = parseGguf(bytes, 4096);
        expect(performance.now() - startedAt).toBeLessThan(500);
        if (parsed.kind === 'more') expect(parsed.bytes).toBeLessThanOrEqual(4096);
      }),
      { numRuns: 2_000 },
    );
  });
});
