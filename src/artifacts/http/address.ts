// Which addresses may be spoken to, and how. Plain http is for loopback only, as with docker and
// oras, and no redirect may lead from the outside to this machine: a registry could otherwise
// make modelctl ask services that only listen here. Knows names and literals; resolves nothing.

import { isLoopback } from '../../core/loopback.ts';

// Link-local holds the metadata services of clouds; mapped IPv4 would be a second spelling of all
// of these. Private ranges stay allowed: companies redirect to mirrors of their own.
const isThisMachine = (hostname: string): boolean =>
  isLoopback(hostname) ||
  /^(0|169\.254)\./.test(hostname) ||
  /^\[(::\]|::ffff:|fe[89ab])/.test(hostname);

/** Why a URL must not be asked, as the end of a sentence that begins with it; null when it may. */
export function refusalOf(url: URL, from: URL | null = null): string | null {
  if (url.username !== '' || url.password !== '') return 'holds a user name or password';
  if (url.protocol === 'http:') {
    if (from?.protocol === 'https:') return 'leaves https for plain http';
    if (!isLoopback(url.hostname)) return 'is plain http to another machine';
  } else if (url.protocol !== 'https:') {
    return 'is neither https nor http';
  }
  if (from !== null && isThisMachine(url.hostname) && !isThisMachine(from.hostname)) {
    return 'leads from the outside to this machine';
  }
  return null;
}

const shownLengthMax = 200;

/** For messages: without the query, which may hold a signature, and never too long for a line. */
export function shownUrl(url: URL): string {
  const text = `${url.protocol}//${url.host}${url.pathname}`;
  return text.length <= shownLengthMax ? text : `${text.slice(0, shownLengthMax)}…`;
}
