import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../src/artifacts/distribution/challenge.ts';

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('a challenge', () => {
  it.each<[string, string, unknown]>([
    [
      'with a token realm',
      'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
      [['bearer', { realm: 'https://a/t', service: 's', scope: 'repository:x:pull,push' }]],
    ],
    [
      'without quotes',
      'bearer REALM=https://a/t , service=s',
      [['bearer', { realm: 'https://a/t', service: 's' }]],
    ],
    [
      'beside another',
      'Negotiate, Basic realm="a, b=c", Bearer realm="r"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'a, b=c' }],
        ['bearer', { realm: 'r' }],
      ],
    ],
    ['with escapes', 'Basic realm="a \\"b\\" \\\\"', [['basic', { realm: 'a "b" \\' }]]],
    [
      'that says a thing twice',
      'Bearer realm="first",realm="second"',
      [['bearer', { realm: 'first' }]],
    ],
    ['that breaks off', 'Bearer realm="first",service="s', [['bearer', { realm: 'first' }]]],
    ['without a scheme', 'realm="x"', []],
    ['that is empty', '', []],
    ['of too many bytes', `Bearer realm="${'x'.repeat(9000)}"`, []],
    [
      'with a name that objects have',
      'Bearer __proto__="x"',
      [['bearer', Object.fromEntries([['__proto__', 'x']])]],
    ],
  ])('%s is read', (_, header, expected) => {
    expect(read(header)).toEqual(expected);
  });

  it('of any text is read, however long and odd', () => {
    const hostile = fc.oneof(
      fc.string({ maxLength: 8192 }),
      fc.stringMatching(/^[a-z=", \\]{0,200}$/),
      fc.constantFrom(' ', ',', '"', '\\', 'a=', 'a ', ' ,').map((piece) => piece.repeat(2048)),
      fc.constantFrom(' ', ',', '\\').map((piece) => `Bearer x=" ${piece.repeat(8000)}`),
    );
    fc.assert(fc.property(hostile, (header) => Array.isArray(parseChallenges(header))));
  });
});
