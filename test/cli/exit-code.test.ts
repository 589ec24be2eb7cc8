import { describe, expect, test } from 'vitest';
import { exitCode, exitCodeOf } from '../../src/cli/exit-code.ts';
import { nextStep } from '../../src/cli/next-step.ts';
import { ownedNamed } from '../../src/cli/owned-named.ts';
import { errorProblem, warningProblem } from '../../src/core/problem.ts';

describe('exit codes', () => {
  test('are frozen', () => {
    expect(exitCode).toEqual({
      done: 0,
      invalid: 1,
      changes: 2,
      partlyFailed: 3,
      waitTimedOut: 4,
      locked: 5,
      refused: 6,
      bug: 70,
      interrupted: 130,
    });
  });

  test.each([
    ['cli/unknown-flag', 1],
    ['manifest/unknown-field', 1],
    ['lock/unreadable', 1],
    ['record/locked', 5],
    ['record/ledger-damaged', 3],
    ['run/no-answer', 3],
  ])('%s ends a command with %i', (code, expected) => {
    expect(exitCodeOf(errorProblem({ code, summary: 'S', detail: 'D.' }))).toBe(expected);
    expect(exitCodeOf(warningProblem({ code, summary: 'S', detail: 'D.' }))).toBe(0);
  });
});

describe('a name that a person types', () => {
  const known = [
    { name: 'qwen3:8b', model: 'coder' },
    { name: 'coder:latest', model: 'reviewer' },
    { name: 'coder-2:latest', model: 'coder' },
  ];

  test('is a served name first, then a Model, and never a part of one', () => {
    const names = (name: string) => ownedNamed(known, name).map((one) => one.name);
    expect(names('qwen3:8b')).toEqual(['qwen3:8b']);
    expect(names('coder')).toEqual(['coder:latest']);
    expect(names('reviewer')).toEqual(['coder:latest']);
    expect(names('qwen3')).toEqual([]);
    expect(names('')).toEqual([]);
  });
});

describe('what to try next', () => {
  test('is nothing after a run that did nothing', () => {
    const nothing = {
      plan: null,
      changes: null,
      desired: null,
      observed: null,
      backends: [],
      engineChoice: null,
      lock: null,
      problems: [],
      exitCode: 0,
    } as const;
    expect(nextStep(nothing, 'modelctl')).toBe('');
  });
});
