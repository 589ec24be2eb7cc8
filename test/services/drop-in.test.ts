import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOurs, parseDropIn, renderDropIn } from '../../src/services/systemd/drop-in.ts';

const file = '/etc/systemd/system/a.service.d/50-modelctl.env';

test('is written in the words of systemd', () => {
  const text = renderDropIn({ B: '50% "x" \\ \n\t\u0001', A: '1', C: { env: 'TOKEN' } }, file);
  expect(text.split('\n').slice(1)).toEqual([
    '[Service]',
    'Environment="A=1"',
    String.raw`Environment="B=50%% \"x\" \\ \n\t\x01"`,
    '# secret C from the variable TOKEN',
    `EnvironmentFile=${file}`,
    '',
  ]);
});

test('says the same when it is read back, whatever the values are', () => {
  const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,9}$/);
  const text = fc.string({ unit: 'grapheme' }).filter((one) => !one.includes('\0'));
  const awkward = fc.stringMatching(/^[\\"%\n\tnx0 ]{0,12}$/);
  fc.assert(
    fc.property(fc.dictionary(name, fc.oneof(text, awkward)), (variables) => {
      const written = renderDropIn(variables, file);
      expect(isOurs(written)).toBe(true);
      expect(parseDropIn(written, file)).toEqual({ ...variables });
    }),
  );
});

test('differs from everything wanted when somebody added a line', () => {
  const text = `${renderDropIn({ A: '1' }, file)}Nice=5\n`;
  expect(parseDropIn(text, file)).toEqual({ A: '1', 'other lines': 'Nice=5' });
  expect(isOurs('[Service]\nEnvironment="A=1"\n')).toBe(false);
});
