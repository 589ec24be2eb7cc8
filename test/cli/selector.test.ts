import { describe, expect, test } from 'vitest';
import { parseSelector } from '../../src/cli/selector.ts';

const labels = { team: 'search', tier: 'prod', 'example.com/gpu': '' };

const matches = (text: string): boolean => {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new Error(parsed.problems[0]?.detail);
  return parsed.value(labels);
};

describe('a label selector', () => {
  test.each([
    'team=search',
    'team==search',
    'team!=ops',
    'owner!=me',
    'team',
    'example.com/gpu',
    '!owner',
    'team in (search, ops)',
    'tier notin (test,dev)',
    'team=search,tier!=test,!owner',
    'example.com/gpu=',
  ])('%s matches', (text) => {
    expect(matches(text)).toBe(true);
  });

  test.each([
    'team=ops',
    'owner',
    '!team',
    'team notin (search)',
    'team=search,tier=test',
    'toString',
  ])('%s does not match', (text) => {
    expect(matches(text)).toBe(false);
  });

  test.each(['=search', 'team>3', 'team in search', '', 'a,,b'])('%j is refused', (text) => {
    expect(parseSelector(text).ok).toBe(false);
  });
});
