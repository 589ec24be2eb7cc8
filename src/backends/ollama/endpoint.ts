// Where an Ollama answers, in one spelling: what people write and what OLLAMA_HOST says becomes
// `scheme://address:port`, which is the engine's id on its host. Defaults are Ollama's own
// (envconfig.Host): port 11434 without a scheme, 80 and 443 with one.
import { isLoopback } from '../../core/loopback.ts';
import { type Checked, checked, errorProblem, refused } from '../../core/problem.ts';

export const defaultEndpoint = 'http://127.0.0.1:11434';

/**
 * Pure. Addresses that a server listens on become ones that can be reached (`0.0.0.0`), and
 * `localhost` the address that Ollama binds. Refused with `backend/bad-endpoint`.
 */
export function normalizeEndpoint(text: string): Checked<string> {
  const trimmed = text.trim().replace(/^["']+|["']+$/g, '');
  if (trimmed === '') return checked(defaultEndpoint);
  const schemed = /^([a-z][a-z0-9+.-]*):\/\//i.exec(trimmed);
  const scheme = schemed?.[1]?.toLowerCase() ?? 'http';
  if (scheme !== 'http' && scheme !== 'https') return bad(`Its scheme is ${scheme}.`);
  const rest = schemed === null ? trimmed : trimmed.slice(schemed[0].length);
  const slash = rest.search(/[/?#]/);
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  if (authority.includes('@')) {
    return bad(
      'It holds a user name or password, which would be shown wherever the engine is named.',
    );
  }
  const given = portOf(authority);
  if (given.port !== null && (!/^\d{1,5}$/.test(given.port) || Number(given.port) > 65_535)) {
    return bad('Its port is no number up to 65535.');
  }
  const fallback = schemed === null ? 11_434 : scheme === 'http' ? 80 : 443;
  const address = addressOf(given.address);
  const path = slash < 0 ? '' : rest.slice(slash);
  if (address === null || /[?#]/.test(path)) return bad('It is no address of a server.');
  return checked(
    `${scheme}://${address}:${Number(given.port ?? fallback)}${path.replace(/\/+$/, '')}`,
  );
}

function portOf(authority: string): { readonly address: string; readonly port: string | null } {
  // `::1` without brackets is all address: Ollama takes it so, and a port cannot be told from it.
  if (/^[0-9a-f:.]+$/i.test(authority) && authority.split(':').length > 2) {
    return { address: `[${authority}]`, port: null };
  }
  const colon = authority.lastIndexOf(':');
  return colon > authority.lastIndexOf(']')
    ? { address: authority.slice(0, colon), port: authority.slice(colon + 1) }
    : { address: authority, port: null };
}

/** In the form that URLs use, so that `127.1` and `LOCALHOST` are what they mean. */
function addressOf(text: string): string | null {
  if (text === '') return '127.0.0.1';
  const url = URL.parse(`http://${text}/`);
  if (url === null || url.port !== '' || url.hostname === '') return null;
  if (url.hostname === 'localhost' || url.hostname === '0.0.0.0') return '127.0.0.1';
  if (url.hostname === '[::]') return '[::1]';
  return url.hostname;
}

/** Loopback means the Host's own; a controller on another machine refuses it. */
export const isLoopbackEndpoint = (endpoint: string): boolean =>
  isLoopback(new URL(endpoint).hostname);

const bad = (why: string): Checked<never> =>
  refused(
    errorProblem({
      code: 'backend/bad-endpoint',
      summary: 'The endpoint of an engine cannot be used',
      detail: `${why} An endpoint is a URL such as ${defaultEndpoint}.`,
      remedy: 'Correct spec.endpoint of the Backend, or OLLAMA_HOST. Tokens go into spec.auth.',
    }),
  );
