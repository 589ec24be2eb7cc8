import { describe, expect, test } from 'vitest';
import {
  type Arguments,
  countOf,
  isSet,
  parseArguments,
  valueOf,
  valuesOf,
} from '../../src/cli/arguments.ts';
import { commands } from '../../src/cli/commands.ts';

const parsed = (...argv: readonly string[]): Arguments => {
  const result = parseArguments(argv);
  if (!result.ok) throw new Error(result.problems.map(({ detail }) => detail).join('\n'));
  return result.value;
};

const problems = (...argv: readonly string[]): readonly string[] =>
  parseArguments(argv).problems.map(({ code, detail }) => `${code}: ${detail}`);

describe('a command line', () => {
  test.each([
    [['-f', 'a.yaml', '-f', 'b.yaml']],
    [['-fa.yaml', '--filename=b.yaml']],
    [['-f=a.yaml', '--filename', 'b.yaml']],
  ])('takes a repeatable value as %j', (flags) => {
    expect(valuesOf(parsed('apply', ...flags), 'filename')).toEqual(['a.yaml', 'b.yaml']);
  });

  test('takes a lone dash as a value, which is standard input', () => {
    expect(valueOf(parsed('validate', '-f', '-'), 'filename')).toBe('-');
  });

  test('takes switches alone, clustered, set, and unset', () => {
    expect(isSet(parsed('apply', '-f', 'x', '--prune'), 'prune')).toBe(true);
    expect(isSet(parsed('apply', '-f', 'x', '--prune=false'), 'prune')).toBe(false);
    const clustered = parsed('get', '-qvo', 'json');
    expect([isSet(clustered, 'quiet'), isSet(clustered, 'verbose')]).toEqual([true, true]);
    expect(valueOf(clustered, 'output')).toBe('json');
  });

  test('takes the flags of every command before its name too', () => {
    const given = parsed('-q', 'get');
    expect(given.command?.name).toBe('get');
    expect(isSet(given, 'quiet')).toBe(true);
  });

  test('takes everything behind two dashes as it is', () => {
    expect(parsed('run', 'starter', '--', '--not-a-flag').positionals).toEqual([
      'starter',
      '--not-a-flag',
    ]);
  });

  test('reads counts as numbers', () => {
    expect(countOf(parsed('history', '-n', '5'), 'limit')).toBe(5);
    expect(countOf(parsed('history'), 'limit')).toBeUndefined();
  });

  test('is help when asked for it, whatever else is missing', () => {
    expect(isSet(parsed('describe', '--help'), 'help')).toBe(true);
  });
});

describe('a wrong command line', () => {
  test.each([
    [['aply'], 'cli/unknown-command: There is no command "aply".'],
    [['plan', '--detailed-exit-code'], 'Did you mean --detailed-exitcode?'],
    [['plan', '-x'], 'cli/unknown-flag: modelctl plan has no flag -x.'],
    [['apply', '-f'], 'cli/missing-value: --filename needs a value.'],
    [['apply', '-f', '--prune'], 'cli/missing-value: --filename needs a value.'],
    [['get', '-o', 'jsn'], 'Did you mean "json"?'],
    [['get', '-o', 'json', '-o', 'yaml'], 'cli/repeated-flag: --output can be given only once.'],
    [['apply', '--allow-evictions', 'many'], 'It must be a whole number.'],
    [['apply', '--lock-timeout', 'soon'], 'It must be a duration, as in 30s or 1m30s.'],
    [['apply', '--prune=maybe'], 'It is a switch: true or false.'],
    [['describe'], 'cli/missing-argument: describe needs NAME.'],
    [['describe', 'a', 'b'], 'cli/unexpected-argument: "b" has no meaning here.'],
    [['plan', 'b.yaml'], 'Several files are given with -f each, or as a glob in quotes.'],
    [['get', 'modles'], 'Did you mean "models"?'],
    [['engine', 'stats'], 'Did you mean "status"?'],
    [['__proto__'], 'cli/unknown-command'],
  ])('%j says what is wrong and what was meant', (argv, expected) => {
    expect(problems(...argv).join('\n')).toContain(expected);
  });

  test('has all its mistakes told in one go', () => {
    expect(problems('plan', '--nope', '-o', 'xml', 'extra')).toHaveLength(3);
  });
});

describe('the table of commands', () => {
  test.each(commands.map((command) => [command.name, command] as const))(
    '%s has examples that its own flags allow',
    (_name, { examples }) => {
      for (const example of examples) {
        const line = /\bmodelctl ([^|)]*)/.exec(example)?.[1] ?? '';
        const argv = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(
          ([, quoted, bare]) => quoted ?? bare ?? '',
        );
        expect(problems(...argv)).toEqual([]);
      }
    },
  );

  test('gives no letter to two flags of one command', () => {
    for (const { flags } of commands) {
      const letters = flags.flatMap(({ short }) => (short === undefined ? [] : [short]));
      expect(new Set(letters).size).toBe(letters.length);
    }
  });
});
