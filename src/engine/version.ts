// The release that this program is part of. It tells a client whether the engine that it found was
// started by an older one.
import packageJson from '../../package.json' with { type: 'json' };

export const { version } = packageJson;

/** By the numbers before any suffix; what is no release is not older. */
export function isOlder(release: string, than: string): boolean {
  const others = numbersOf(than);
  for (const [at, number] of numbersOf(release).entries()) {
    const other = others[at] ?? 0;
    if (number !== other) return number < other;
  }
  return false;
}

const numbersOf = (release: string): readonly number[] =>
  (release.split(/[-+]/, 1)[0] ?? '').split('.').map(Number);
