// Who keeps a model in memory: names, each until its own time. A hold without end lasts until it
// is released; the others end so long after the name was last used.

/** After its last use, unless the Model says otherwise. */
export const keepAliveMsDefault = 5 * 60_000;
/** Timers of node take no longer delay. */
const timerMsMax = 2 ** 31 - 1;

export type Expiry = number | 'never';

export interface Holds {
  /**
   * Until `keepAliveMs` from now. `extend` never shortens what is there: a request does not undo
   * what a load asked for.
   */
  readonly hold: (
    name: string,
    keepAliveMs: number | 'forever' | undefined,
    how?: 'extend',
  ) => void;
  readonly release: (name: string) => void;
  readonly has: (name: string) => boolean;
  /** Whether some hold is not over yet. */
  readonly any: () => boolean;
  /** Whether all of them end by themselves. */
  readonly lapses: () => boolean;
  readonly names: () => readonly string[];
  readonly list: () => readonly { readonly name: string; readonly expiresAt: Expiry }[];
  /** Calls back when the next hold is over; replaces what was asked before. */
  readonly onNextExpiry: (callback: () => void) => void;
  readonly stop: () => void;
}

export function holdsOf(now: () => number = Date.now): Holds {
  const holds = new Map<string, Expiry>();
  let timer: NodeJS.Timeout | undefined;
  const pending = (): Expiry[] => [...holds.values()].filter((at) => at === 'never' || at > now());
  return {
    hold: (name, keepAliveMs = keepAliveMsDefault, how) => {
      const expiresAt = keepAliveMs === 'forever' ? 'never' : now() + keepAliveMs;
      const before = holds.get(name);
      const longer = how === 'extend' && before !== undefined && !isLater(expiresAt, before);
      holds.set(name, longer ? before : expiresAt);
    },
    release: (name) => holds.delete(name),
    has: (name) => holds.has(name),
    any: () => pending().length > 0,
    lapses: () => !pending().includes('never'),
    names: () => [...holds.keys()],
    list: () => [...holds].map(([name, expiresAt]) => ({ name, expiresAt })),
    onNextExpiry: (callback) => {
      clearTimeout(timer);
      const times = pending().filter((at) => at !== 'never');
      if (times.length === 0) return;
      const delayMs = Math.min(Math.max(0, Math.min(...times) - now()) + 1, timerMsMax);
      timer = setTimeout(callback, delayMs).unref();
    },
    stop: () => clearTimeout(timer),
  };
}

const isLater = (a: Expiry, b: Expiry): boolean => b !== 'never' && (a === 'never' || a > b);
