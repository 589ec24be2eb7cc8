// Entries that move: only they change, and what a person wrote around and in them stays.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Document, visit } from 'yaml';
import { sha256Text } from '../../src/core/hash.ts';
import { entryKey, type LockEntry } from '../../src/resolve/lock-entry.ts';
import { parseLock, printLock, updateLock } from '../../src/resolve/lock-file.ts';
import { anyEntry, fileEntry, lockOf, registryEntry } from './lock-fixtures.ts';

const entriesOf = (text: string): readonly LockEntry[] => {
  const lock = parseLock(text, 'models.lock.yaml');
  if (!lock.ok) throw new Error(JSON.stringify(lock.problems, null, 2));
  return lock.value.entries;
};

const a = registryEntry('a');
const b = fileEntry('b');
const c = registryEntry('c', { target: 'gpu' });
const text = printLock(lockOf(a, b, c));

const digest = sha256Text('b now');
const movedB: LockEntry = {
  ...b,
  revision: digest,
  weights: digest,
  files: [{ path: 'b.gguf', bytes: 99, digest }],
  facts: { format: 'gguf' },
};

const partOf = (all: string, model: string): string =>
  all.split(/^(?=---)/m).find((part) => part.includes(`model: ${model}`)) ?? '';

describe('an entry that moves', () => {
  it('is printed anew where it stood, and nothing else changes by a byte', () => {
    const moved = updateLock(text, { moved: [movedB] });
    expect(moved).toBe(printLock(lockOf(a, movedB, c)));
    expect(updateLock(moved, { moved: [b] })).toBe(text);
  });

  it('keeps its place in an order that is not ours', () => {
    const [header = '', ...parts] = text.split(/^(?=---\n)/m);
    const reversed = header + parts.toReversed().join('');
    const moved = updateLock(reversed, { moved: [movedB] });
    expect(entriesOf(moved)).toEqual([c, movedB, a]);
  });

  it('keeps its comments, the order of its fields and its quotes', () => {
    const edited = text.replace(
      partOf(text, 'b'),
      [
        '--- # ours',
        '# pinned for the demo, ask before moving it',
        '',
        'target: "-"',
        'model: b # the small one',
        `source: ${b.source}`,
        '# measured on 3 May',
        `revision: ${b.revision}`,
        `weights: "${b.weights}"`,
        'files:',
        '  # the only one',
        `  - { path: b.gguf, bytes: 163840, digest: ${b.revision} }`,
        'facts: {}',
        '  # indented',
        '# to the end',
        '',
        '',
      ].join('\n'),
    );
    const moved = updateLock(edited, { moved: [movedB] });
    expect(entriesOf(moved)).toEqual([a, movedB, c]);
    expect(partOf(moved, 'b')).toBe(
      [
        '--- # ours',
        '# pinned for the demo, ask before moving it',
        '',
        'target: "-"',
        'model: b # the small one',
        `source: ${b.source}`,
        '# measured on 3 May',
        `revision: ${digest}`,
        `weights: "${digest}"`,
        'files:',
        '  # the only one',
        `  - { path: b.gguf, bytes: 99, digest: ${digest} }`,
        'facts: { format: gguf }',
        '  # indented',
        '# to the end',
        '',
        '',
      ].join('\n'),
    );
    expect(moved.replace(partOf(moved, 'b'), '')).toBe(edited.replace(partOf(edited, 'b'), ''));
  });

  it('keeps the line ends of Windows', () => {
    const edited = text.replace('model: b\n', 'model: b # mine\n').replaceAll('\n', '\r\n');
    const moved = updateLock(edited, { moved: [movedB] });
    expect(moved.replaceAll('\r\n', '')).not.toContain('\n');
    expect(moved).toContain('model: b # mine\r\n');
    expect(entriesOf(moved)).toEqual([a, movedB, c]);
  });

  it('says what it should, and loses no comment, whatever it was and wherever that stood', () => {
    const lines = fc.array(fc.nat(), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anyEntry, anyEntry, lines, (before, now, places) => {
        const next = { ...now, model: before.model, target: before.target, source: before.source };
        const printed = printLock(lockOf(before)).split('\n');
        const first = printed.indexOf('---') + 1;
        for (const [index, place] of places.entries()) {
          // Behind `files:` too, where the list may come to have fewer items.
          const at = first + (place % 5);
          printed.splice(at, 0, `# comment ${index}`);
        }
        const moved = updateLock(printed.join('\n'), { moved: [next] });
        expect(entriesOf(moved)).toEqual([next]);
        for (const index of places.keys()) expect(moved).toContain(`# comment ${index}`);
      }),
    );
  });

  it('says what it should in whatever style a person wrote its values', () => {
    const styles = [
      'PLAIN',
      'QUOTE_SINGLE',
      'QUOTE_DOUBLE',
      'BLOCK_LITERAL',
      'BLOCK_FOLDED',
    ] as const;
    const choices = fc.array(fc.constantFrom(...styles), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(anyEntry, anyEntry, choices, (before, now, chosen) => {
        const waiting = [...chosen];
        const next = { ...now, model: before.model, target: before.target, source: before.source };
        const document = new Document(JSON.parse(JSON.stringify(before)) as unknown);
        visit(document, {
          Scalar: (key, node) => {
            if (key !== 'key' && typeof node.value === 'string')
              node.type = waiting.pop() ?? 'PLAIN';
          },
        });
        const edited = `${printLock(lockOf())}---\n${document.toString()}`;
        // What the library prints in such a style, it cannot always read.
        fc.pre(parseLock(edited, 'models.lock.yaml').ok);
        expect(entriesOf(updateLock(edited, { moved: [next] }))).toEqual([next]);
      }),
    );
  });

  it('is one of those with its key only', () => {
    const other = registryEntry('a', { target: 'gpu' });
    const both = printLock(lockOf(a, other));
    const manifest = '{"schemaVersion":2,"other":true}';
    const moved = { ...other, manifest, revision: sha256Text(manifest) };
    const updated = updateLock(both, { moved: [moved] });
    expect(new Map(entriesOf(updated).map((one) => [entryKey(one), one.revision]))).toEqual(
      new Map([
        [entryKey(a), a.revision],
        [entryKey(moved), moved.revision],
      ]),
    );
  });
});
