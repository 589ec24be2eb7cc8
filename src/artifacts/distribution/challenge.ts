// What a `WWW-Authenticate` header asks for, read without believing it: a server may send several
// challenges in one header, quote what need not be quoted, or send nonsense. Pure.

export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case; of a name that comes twice, the first. */
  readonly parameters: ReadonlyMap<string, string>;
}

const headerLengthMax = 8_192;

const token = String.raw`[!#$%&'*+.^_\x60|~0-9A-Za-z-]+`;

/** What can be read of the header, in its order; the rest of one that breaks off is left out. */
export function parseChallenges(header: string): readonly Challenge[] {
  if (header.length > headerLengthMax) return [];
  const scheme = new RegExp(String.raw`[\s,]*(${token})(?=[\s,]|$)`, 'y');
  const parameter = new RegExp(
    String.raw`[\s,]*(${token})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))`,
    'y',
  );
  const challenges: { readonly scheme: string; readonly parameters: Map<string, string> }[] = [];
  let at = 0;
  while (at < header.length) {
    const current = challenges.at(-1);
    parameter.lastIndex = at;
    const named = current === undefined ? null : parameter.exec(header);
    if (named !== null) {
      const name = (named[1] ?? '').toLowerCase();
      const value = named[2]?.replace(/\\(.)/g, '$1') ?? named[3] ?? '';
      if (current?.parameters.has(name) === false) current.parameters.set(name, value);
      at = parameter.lastIndex;
      continue;
    }
    scheme.lastIndex = at;
    const begun = scheme.exec(header);
    if (begun === null) break;
    challenges.push({ scheme: (begun[1] ?? '').toLowerCase(), parameters: new Map() });
    at = scheme.lastIndex;
  }
  return challenges;
}
