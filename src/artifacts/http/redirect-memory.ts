// Where the redirects of an address ended, for as long as that is likely to hold: hubs redirect each
// request for a file to a signed address that is good for an hour or so.
import type { Clock } from '../../io/io.ts';

export interface RedirectMemory {
  /** Null when nothing is known, or not any more. */
  readonly get: () => URL | null;
  readonly set: (url: URL) => void;
  readonly forget: () => void;
}

/** Signed addresses are good for longer everywhere that is known; asking again costs one request. */
const goodForMs = 10 * 60_000;

export function rememberRedirects(clock: Clock): RedirectMemory {
  let known: { readonly url: URL; readonly atMs: number } | null = null;
  return {
    get: () => (known !== null && clock.now() - known.atMs < goodForMs ? known.url : null),
    set: (url) => {
      known = { url, atMs: clock.now() };
    },
    forget: () => {
      known = null;
    },
  };
}

/** What object stores answer to a signed address that has expired, or to one that has moved. */
export const isExpired = (status: number): boolean => [400, 401, 403, 404, 410].includes(status);
