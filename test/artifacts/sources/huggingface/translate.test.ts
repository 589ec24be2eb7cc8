import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  nextPage,
  parseRevision,
  parseTree,
} from '../../../../src/artifacts/sources/huggingface/translate.ts';

describe('the next page', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['<https://h/x?cursor=a%3D>; rel="next"', 'https://h/x?cursor=a%3D'],
    ['<?cursor=2>; rel=next', '?cursor=2'],
    ['<https://h/1>; rel="prev", <https://h/2>; title="a"; rel="next"', 'https://h/2'],
    ['<https://h/a,b>; rel="next"', 'https://h/a,b'],
    ['<https://h/1>; rel="nextish"', null],
    ['<https://h/1>; rel="xet-auth"', null],
    ['https://h/1; rel="next"', null],
  ])('of %j is %j', (link, expected) => {
    expect(nextPage(link)).toBe(expected);
  });

  it('is found or not in a blink, whatever the header holds', () => {
    const piece = fc.constantFrom('<', '>', ';', ',', ' ', '"', 'rel=', 'next', 'https://h/', '\t');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 2_000 }), (pieces) => {
        const startedAt = performance.now();
        nextPage(pieces.join(''));
        expect(performance.now() - startedAt).toBeLessThan(500);
      }),
    );
  });
});

describe('whatever the Hub sends', () => {
  it('is a commit or a problem', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const revision = parseRevision(value, 'org/repo');
        if (revision.ok) expect(revision.value.commit).toMatch(/^[0-9a-f]{40}$/);
      }),
    );
  });

  it('is files with paths and sizes that can be, or a problem', () => {
    const entry = fc.record(
      {
        type: fc.constantFrom('file', 'directory', 'link'),
        path: fc.oneof(
          fc.constantFrom('a', '../a', '/a', 'a/b', 'C:/x', ''),
          fc.string(),
          fc.nat(),
        ),
        size: fc.oneof(fc.nat(), fc.double(), fc.string()),
        oid: fc.oneof(fc.constant('0'.repeat(40)), fc.string()),
        lfs: fc.oneof(
          fc.record({ oid: fc.constant('a'.repeat(64)), size: fc.oneof(fc.nat(), fc.double()) }),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: ['type', 'path'] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(entry, fc.jsonValue()), { maxLength: 5 }), (entries) => {
        const files = parseTree(entries, 'org/repo');
        for (const { path, bytes } of files.ok ? files.value : []) {
          expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true);
          expect(path).not.toMatch(/^\/|^[A-Za-z]:|(^|\/)\.{0,2}(\/|$)|\\/);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
