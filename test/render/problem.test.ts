import { describe, expect, test } from 'vitest';
import { errorProblem, warningProblem } from '../../src/core/problem.ts';
import { renderProblem, renderProblems, renderRemedy } from '../../src/render/problem.ts';

const unknownField = errorProblem({
  code: 'manifest/unknown-field',
  summary: 'Unknown field',
  detail: 'spec.runtime has no field contextLenght. Did you mean contextLength?',
  remedy: 'See what there is:\n\n    modelctl explain model.spec.runtime',
  origin: { file: '/home/user/models.yaml', line: 7, column: 5 },
  path: 'spec.runtime.contextLenght',
  subject: 'Model/coder',
});

describe('a problem', () => {
  test('begins with its place, then says what is wrong, why, and what to do', () => {
    expect(renderProblem(unknownField)).toMatchInlineSnapshot(`
      "/home/user/models.yaml:7:5: error: Unknown field [manifest/unknown-field]
        Model/coder spec.runtime.contextLenght
        spec.runtime has no field contextLenght. Did you mean contextLength?
        See what there is:

            modelctl explain model.spec.runtime"
    `);
  });

  test('shows its file relative to the folder that the user is in', () => {
    const first = (folder: string): string | undefined =>
      renderProblem(unknownField, { folder }).split('\n')[0];
    expect(first('/home/user')).toMatch(/^models\.yaml:7:5: /);
    expect(first('/home/us')).toMatch(/^\/home\/user\/models\.yaml:7:5: /);
  });

  test('is separated from the next by an empty line', () => {
    const odd = warningProblem({ code: 'a/b', summary: 'Odd', detail: 'It is odd.' });
    expect(renderProblems([odd, odd])).toMatchInlineSnapshot(`
      "warning: Odd [a/b]
        It is odd.

      warning: Odd [a/b]
        It is odd."
    `);
  });

  test('cannot smuggle control characters or secrets onto a terminal', () => {
    const hostile = errorProblem({
      code: 'ollama/failed',
      summary: 'Failed',
      detail: 'said \u001b]8;;http://evil\u0007x\u2066 with token=hf_abcdefghijklmnop',
    });
    const text = renderProblem(hostile);
    expect(text).toContain('\\e]8;;http://evil\\x07x');
    expect(text).toContain('\\u{2066}');
    expect(text).not.toContain('hf_abcdefghijklmnop');
  });
});

describe('a command in a remedy', () => {
  test('is written as the user calls the program, in lines of its own and in backticks', () => {
    const remedy =
      'Use `modelctl plan`, or:\n\n    modelctl apply\nmodelctl is not a command here.';
    expect(renderRemedy(remedy, { program: 'npx modelctl' })).toBe(
      'Use `npx modelctl plan`, or:\n\n    npx modelctl apply\nmodelctl is not a command here.',
    );
  });

  test('names the manifests of this call, where it needs some and names none', () => {
    const typed = { manifests: "-f models.yaml -f 'my models'" };
    expect(renderRemedy('modelctl apply --prune', typed)).toBe(
      "modelctl apply -f models.yaml -f 'my models' --prune",
    );
    const remedy = 'Use `modelctl apply` or:\n\n    modelctl get\n    modelctl apply -f other.yaml';
    expect(renderRemedy(remedy, typed)).toBe(
      "Use `modelctl apply -f models.yaml -f 'my models'` or:\n\n    modelctl get\n    modelctl apply -f other.yaml",
    );
  });

  test('stands in a line of its own, also when it ends in dots', () => {
    const problem = errorProblem({
      code: 'a/b',
      summary: 'Odd',
      detail: 'It is.',
      remedy: 'modelctl approve NAME...',
    });
    expect(renderProblem(problem)).toContain('It is.\n\n      modelctl approve NAME...');
  });
});
