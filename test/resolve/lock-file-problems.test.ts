import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Problem } from '../../src/core/problem.ts';
import { parseLock, printLock } from '../../src/resolve/lock-file.ts';
import {
  anyEntry,
  digestFor,
  fileEntry,
  hubEntry,
  lockOf,
  registryEntry,
} from './lock-fixtures.ts';

const file = '/home/user/team/models.lock.yaml';
const text = printLock(lockOf(registryEntry('a'), fileEntry('b')));

function problemsOf(of: string): readonly Problem[] {
  const lock = parseLock(of, file);
  if (lock.ok) throw new Error('a problem was expected');
  return lock.problems;
}

/** What is shown of the first problem: its code, and where it is. */
function first(of: string): string {
  const [problem] = problemsOf(of);
  expect(problem?.origin?.file).toBe(file);
  expect(problem?.remedy).toMatch(/git|line end|modelctl|Remove/);
  return `${problem?.code} ${problem?.origin?.line}:${problem?.origin?.column}${problem?.path === undefined ? '' : ` ${problem.path}`}`;
}

const lineOf = (line: string, nth = 1): number => {
  const lines = text.split('\n');
  const at = lines.flatMap((one, index) => (one.startsWith(line) ? [index + 1] : []))[nth - 1];
  return at ?? expect.fail(`no line ${line}`);
};

describe('a lock that cannot be used says where and why', () => {
  it.each<[string, (text: string) => string, string | RegExp]>([
    ['is empty', () => '', 'lock/empty 1:1'],
    ['holds comments only', () => '# gone\n---\n', 'lock/empty 1:1'],
    ['is another file', () => 'apiVersion: v1\nkind: ConfigMap\n', 'lock/not-a-lock 1:1'],
    ['is no map', () => '- a\n', 'lock/syntax 1:1'],
    ['is of a later version', (t) => t.replace('v1alpha1', 'v1beta1'), 'lock/newer-version 1:1'],
    [
      'is of no known version',
      (t) => t.replace('modelctl.dev/v1alpha1', 'example.com/v1'),
      'lock/unknown-version 1:1',
    ],
    ['has no set', (t) => t.replace(/^set: .*\n/m, ''), /^lock\/missing-field \d+:1 set$/],
    [
      'has a set that is no id',
      (t) => t.replace(/^set: .*/m, 'set: a b'),
      /^lock\/invalid-value 4:6 set$/,
    ],
    [
      'lists a file outside',
      (t) => t.replace('teams/search.yaml', '../search.yaml'),
      /^lock\/invalid-value 7:5 files\[1\]$/,
    ],
    ['has a document that is no map', (t) => `${t}---\n- a\n`, /^lock\/syntax \d+:1$/],
    ['nests without end', (t) => `${t}---\n${'['.repeat(5_000)}\n`, /^lock\/syntax/],
    [
      'refers to itself',
      (t) => t.replace('facts: {}', 'facts: &x { format: *x }'),
      /^lock\/(syntax|invalid-value)/,
    ],
    [
      'uses an alias',
      (t) => t.replace(/^model: b\ntarget: .*/m, 'model: &m b\ntarget: *m'),
      /^lock\/.* target$/,
    ],
    ['has a tag', (t) => t.replace('facts: {}', 'facts: !!js/function {}'), /^lock\/syntax/],
  ])('when it %s', (_, edit, expected) => {
    expect(first(edit(text))).toMatch(
      typeof expected === 'string' ? new RegExp(`^${expected}$`) : expected,
    );
  });

  it.each<[string, RegExp, string, string, string]>([
    [
      'an unknown field',
      /^weights: .*\n(?=files:\n {2}- path: b)/m,
      'weight: x\n',
      'unknown-field',
      'weight',
    ],
    [
      'a digest that is too short',
      /^revision: .*/m,
      'revision: sha256:abc',
      'invalid-value',
      'revision',
    ],
    ['a digest in capitals', /^weights: sha256:/m, 'weights: SHA256:', 'invalid-value', 'weights'],
    ['a size below zero', /bytes: 487/, 'bytes: -1', 'invalid-value', 'files[1].bytes'],
    ['a size in text', /bytes: 487/, 'bytes: many', 'invalid-value', 'files[1].bytes'],
    ['a size that is not whole', /bytes: 487/, 'bytes: 1e400', 'invalid-value', 'files[1].bytes'],
    ['a path that climbs', /path: config/, 'path: ../config', 'invalid-value', 'files[1].path'],
    ['an absolute path', /path: config/, 'path: /config', 'invalid-value', 'files[1].path'],
    ['a path twice', /path: config/, 'path: model', 'invalid-value', 'files[1].path'],
    ['a name that is none', /^model: a$/m, 'model: A', 'invalid-value', 'model'],
    ['a name that YAML takes for a number', /^model: a$/m, 'model: 12', 'invalid-value', 'model'],
    ['a target that is none', /^target: '-'/m, 'target: ""', 'invalid-value', 'target'],
    ['a source that is none', /^source: ollama:.*/m, 'source: qwen3', 'invalid-value', 'source'],
    [
      'a manifest of another digest',
      /^manifest: '\{/m,
      "manifest: '{ ",
      'digest-mismatch',
      'manifest',
    ],
    [
      'weights that no file has',
      /^weights: .*/m,
      `weights: ${digestFor('other')}`,
      'digest-mismatch',
      'weights',
    ],
    ['facts that are no map', /facts: \{\}/, 'facts: gguf', 'invalid-value', 'facts'],
    ['an unknown fact', /facts: \{\}/, 'facts: { formt: gguf }', 'unknown-field', 'facts.formt'],
  ])('when an entry has %s', (_, from, to, code, path) => {
    const edited = text.replace(from, to);
    expect(edited).not.toBe(text);
    const problem = problemsOf(edited).find((one) => one.path === path);
    expect(problem?.code).toBe(`lock/${code}`);
    const line = edited.split('\n').at((problem?.origin?.line ?? 0) - 1);
    expect(line).toContain(to.split(':')[0]);
  });

  it.each<[string, RegExp, string, string, string]>([
    ['a commit that is cut', /^commit: '.{20}/m, "commit: '", 'invalid-value', 'commit'],
    [
      'another digest of a file',
      /(?<=digest: sha256:).{5}/,
      '00000',
      'digest-mismatch',
      'revision',
    ],
    [
      'another digest of the weights',
      /(?<=weights: sha256:).{5}/,
      '00000',
      'digest-mismatch',
      'weights',
    ],
    ['one file less', / {2}- path: mmproj(.*\n){3}/, '', 'digest-mismatch', 'revision'],
  ])('when an entry of several files has %s', (_, from, to, code, path) => {
    const edited = printLock(lockOf(hubEntry('a'))).replace(from, to);
    expect(problemsOf(edited)).toMatchObject([{ code: `lock/${code}`, path }]);
  });

  it('when a field stands twice', () => {
    expect(first(text.replace('model: b', 'model: b\nmodel: b'))).toBe(
      `lock/duplicate-field ${lineOf('model: b') + 1}:1`,
    );
  });

  it('when two entries are for the same thing', () => {
    const again = text.slice(text.indexOf('---\nmodel: b'));
    const [problem] = problemsOf(text + again);
    expect(problem?.detail).toContain(`line ${lineOf('---', 2)}`);
    expect(problem).toMatchObject({
      code: 'lock/duplicate-entry',
      subject: 'Model/b',
      origin: { line: text.split('\n').length },
    });
  });

  it('when git could not merge it', () => {
    const [head, , second] = text.split(/^(?=---\n)/m);
    const conflict = `${head}<<<<<<< HEAD\n=======\n${second}>>>>>>> theirs\n`;
    expect(first(conflict)).toBe(`lock/merge-conflict ${(head ?? '').split('\n').length}:1`);
    expect(problemsOf(conflict)[0]?.remedy).toContain('git checkout --theirs');
  });

  it('when several things are wrong, all at once', () => {
    const edited = text.replace(/^model: a$/m, 'model: A').replace('bytes: 163840', 'bytes: -1');
    expect(problemsOf(edited).map((problem) => problem.path)).toEqual(['model', 'files[0].bytes']);
    const many = Array.from({ length: 500 }, () => '---\nmodel: a\n').join('');
    expect(problemsOf(text + many).length).toBe(100);
  });

  it('when its end is missing, wherever it was cut', () => {
    const whole = parseLock(text, file);
    for (let length = 0; length < text.length; length += 1) {
      const cut = parseLock(text.slice(0, length), file);
      // Between two documents a cut cannot be told from a shorter lock; within facts it only
      // takes what nothing depends on.
      if (cut.ok && whole.ok) {
        const bare = cut.value.entries.map((entry) => ({ ...entry, facts: {} }));
        const all = whole.value.entries.map((entry) => ({ ...entry, facts: {} }));
        expect(bare).toEqual(all.slice(0, bare.length));
        expect(text[length - 1]).toBe('\n');
      }
    }
    expect(first(text.slice(0, -1))).toMatch(/^lock\/truncated/);
  });

  it('and never throws or hangs, whatever was done to it', () => {
    fc.assert(
      fc.property(
        fc.nat(text.length),
        fc.nat(80),
        fc.string({ unit: 'binary', maxLength: 20 }),
        (at, cut, insert) => {
          const edited = text.slice(0, at) + insert + text.slice(at + cut);
          const lock = parseLock(edited, file);
          if (!lock.ok) expect(lock.problems.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the published schema', () => {
  const schema = JSON.parse(
    readFileSync(new URL('../../schemas/lock.schema.json', import.meta.url), 'utf8'),
  ) as object;
  const validate = new Ajv2020({ strict: false }).compile(schema);
  const documents = (of: string) =>
    parseAllDocuments(of).map((document) => document.toJS() as unknown);

  it('accepts every document that is printed', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        for (const document of documents(printLock(lockOf(entry, registryEntry('zz'))))) {
          validate(document);
          expect(validate.errors).toBeNull();
        }
      }),
    );
  });

  it.each([
    ['an unknown field', { ...fileEntry('b'), weight: 1 }],
    ['a digest that is too short', { ...fileEntry('b'), revision: 'sha256:abc' }],
    [
      'a path that climbs',
      { ...fileEntry('b'), files: [{ path: '../x', bytes: 1, digest: digestFor('b') }] },
    ],
    ['no files', { ...fileEntry('b'), files: [] }],
    [
      'a file outside',
      {
        apiVersion: 'modelctl.dev/v1alpha1',
        kind: 'Lock',
        set: '4f1d2c9b8a7e6350',
        files: ['/etc/x'],
      },
    ],
  ])('refuses %s', (_, document) => {
    expect(validate(document)).toBe(false);
  });
});
