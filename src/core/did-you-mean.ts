// Which known name did a person mean? Used wherever text from outside is looked up in a list of
// ours: fields, kinds, names, commands. Knows nothing of what the names stand for.

const lengthMax = 64;

/**
 * The candidate nearest to `text`, or null when none is near. Case, dashes, dots and underscores
 * count for nothing, so `keep_alive` finds `keepAlive`; otherwise a third of the letters, at
 * least one and at most three, may be missing, extra, wrong or swapped.
 */
export function didYouMean(text: string, candidates: Iterable<string>): string | null {
  const wanted = plain(text);
  if (wanted === '' || wanted.length > lengthMax) return null;
  let best: string | null = null;
  let bestDistance = Math.min(3, Math.max(1, Math.floor(wanted.length / 3))) + 1;
  for (const candidate of candidates) {
    const known = plain(candidate);
    if (candidate === text || Math.abs(known.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, known);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

const plain = (text: string): string => text.toLowerCase().replace(/[-_.\s]/g, '');

/** How many single edits (insert, delete, replace, swap of neighbours) lie between two texts. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const replaced = at(last, column - 1) + (same ? 0 : 1);
      let cost = Math.min(replaced, at(last, column) + 1, at(current, column - 1) + 1);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? 0;
