// The drop-in file of a unit, as text: written in systemd's own escapes, and read back. It holds what
// may be seen; secrets are in a file beside it that only its owner reads. Pure.
import { compareText } from '../../core/canonical.ts';
import { describeSecret } from '../../core/secret.ts';
import type { ServiceFields } from '../../core/service.ts';
import type { Variables } from '../setup.ts';

/** A file that begins in another way is somebody else's. */
const marker = '# Written by modelctl: changes are undone by its next run.';
const secretMark = '# secret ';

export function renderDropIn(variables: Variables, secretsFile: string): string {
  const entries = Object.entries(variables).toSorted(([a], [b]) => compareText(a, b));
  const lines = entries.map(([name, value]) =>
    typeof value === 'string'
      ? `Environment="${escapeValue(`${name}=${value}`)}"`
      : `${secretMark}${name} ${describeSecret(value)}`,
  );
  const hasSecrets = entries.some(([, value]) => typeof value !== 'string');
  const file = hasSecrets ? [`EnvironmentFile=${escapePath(secretsFile)}`] : [];
  return [marker, '[Service]', ...lines, ...file, ''].join('\n');
}

export const isOurs = (text: string): boolean => text.startsWith(`${marker}\n`);

/** What is not as we write it is a field of its own, so that it differs from everything wanted. */
export function parseDropIn(text: string, secretsFile: string): ServiceFields {
  const fields: Record<string, string> = {};
  const others: string[] = [];
  for (const line of text.split('\n')) {
    const assignment = /^Environment="([^=]+)=(.*)"$/.exec(line);
    const secret = /^# secret (\S+) (.*)$/.exec(line);
    if (assignment !== null) fields[assignment[1] ?? ''] = unescapeValue(assignment[2] ?? '');
    else if (secret !== null) fields[secret[1] ?? ''] = secret[2] ?? '';
    else if (!expected(secretsFile).has(line)) others.push(line);
  }
  return others.length === 0 ? fields : { ...fields, [otherLines]: others.join(' | ') };
}

/** No variable has such a name. */
const otherLines = 'other lines';

const expected = (secretsFile: string): ReadonlySet<string> =>
  new Set([marker, '[Service]', '', `EnvironmentFile=${escapePath(secretsFile)}`]);

/** systemd.syntax(7) and systemd.unit(5): C escapes between quotes, and `%` begins a specifier. */
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '%': '%%',
};

const escapeValue = (text: string): string =>
  text.replaceAll(
    /[\\"%\u0000-\u001f\u007f]/g,
    (one) => escapes[one] ?? `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );

const unescapeValue = (text: string): string =>
  text.replaceAll(/%%|\\(x[0-9a-f]{2}|.)/g, (all, escape: string | undefined) => {
    if (escape === undefined) return '%';
    const control = { n: '\n', t: '\t', r: '\r' }[escape];
    if (control !== undefined) return control;
    return escape.startsWith('x') && escape.length === 3
      ? String.fromCharCode(Number.parseInt(escape.slice(1), 16))
      : escape || all;
  });

const escapePath = (path: string): string => path.replaceAll('%', '%%');

/** Its quoting is a shell's, not that of units: see systemd.exec(5), EnvironmentFile. */
export const renderSecrets = (secrets: Readonly<Record<string, string>>): string =>
  Object.entries(secrets)
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\`$]/g, '\\$&')}"\n`)
    .join('');
