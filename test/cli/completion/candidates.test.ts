import { describe, expect, test } from 'vitest';
import { completionOf, givenValues } from '../../../src/cli/completion/candidates.ts';

const texts = (...words: readonly string[]): readonly string[] =>
  completionOf(words).candidates.map(({ text }) => text);

describe('the word being typed could become', () => {
  test('any command but the hidden one', () => {
    expect(texts('')).toContain('apply');
    expect(texts('')).not.toContain('__complete');
  });

  test('a command also behind a flag of every command', () => {
    expect(texts('-q', '')).toContain('apply');
  });

  test('a flag of the command, unless it is there already', () => {
    expect(texts('plan', '--')).toContain('--detailed-exitcode');
    expect(texts('plan', '--prune', '--')).not.toContain('--prune');
    expect(texts('plan', '--filename', 'a', '--')).toContain('--filename');
  });

  test('one of the values that a flag allows, behind it or behind its equals sign', () => {
    expect(texts('get', '-o', '')).toContain('wide');
    expect(texts('get', '--output=')).toContain('--output=wide');
  });

  test('a file where a file is meant', () => {
    expect(completionOf(['apply', '-f', '']).files).toBe(true);
    expect(completionOf(['init', '']).files).toBe(true);
    expect(completionOf(['get', '']).files).toBe(false);
  });

  test('a live name where a model is meant', () => {
    expect(completionOf(['run', '']).live).toBe('model');
    expect(completionOf(['plan', '--target=']).prefix).toBe('--target=');
    expect(completionOf(['get', 'models', '']).live).toBe('model');
    expect(completionOf(['approve', 'a', '']).live).toBe('placement');
  });

  test('a name of the kind that is listed', () => {
    const behind = (...words: readonly string[]) => completionOf([...words, '']).live;
    expect(behind('get', 'transfers')).toBe('transfer');
    expect(behind('get', 'registries', '-f', 'a.yaml', 'hub')).toBe('registry');
    expect(behind('get', '-f', 'a.yaml', 'backend')).toBe('backend');
    expect(behind('get', 'sets')).toBe('set');
    expect(behind('get', 'planets')).toBeNull();
    expect(behind('cancel')).toBe('unfinished');
  });

  test('a Model of the manifests that were named, however', () => {
    expect(completionOf(['update', '-f', 'a.yaml', '']).live).toBe('declared');
    const words = ['update', '-f', 'a.yaml', 'chat', '--filename=b.yaml', '--dry-run'];
    expect(givenValues(words, 'filename')).toEqual(['a.yaml', 'b.yaml']);
    expect(givenValues(['outdated', 'chat'], 'filename')).toEqual([]);
  });

  test('nothing where a prompt is meant, or nothing more is taken', () => {
    expect(completionOf(['run', 'starter', ''])).toMatchObject({ live: null, candidates: [] });
    expect(texts('completion', 'bash', '')).toEqual([]);
  });
});
