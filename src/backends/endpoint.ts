// Where an engine answers, in one spelling: what people write, and what variables such as
// OLLAMA_HOST say, becomes `scheme://address:port`, which is the engine's id on its host. Without a
// scheme the port is the engine's own, with one 80 or 443.
import { isLoopback } from '../core/loopback.ts';
import { type Checked, checked, errorProblem, refused } from '../core/problem.ts';

/** Where engines of one kind listen unless told otherwise. */
export interface UsualEndpoint {
  readonly url: string;
  readonly port: number;
  /** Where else than in spec.endpoint it can be said. */
  readonly variable: string | null;
}

export const ollamaEndpoint: UsualEndpoint = {
  url: 'http://127.0.0.1:11434',
  port: 11_434,
  variable: 'OLLAMA_HOST',
};

export const llamaServerEndpoint: UsualEndpoint = {
  url: 'http://127.0.0.1:8080',
  port: 8080,
  variable: null,
};

/**
 * Pure. Addresses that a server listens on become ones that can be reached (`0.0.0.0`), and
 * `localhost` the address that engines bind. Refused with `backend/bad-endpoint`.
 */
export function normalizeEndpoint(text: string, usual: UsualEndpoint): Checked<string> {
  const bad = badFor(usual);
  const trimmed = text.trim().replace(/^["']+|["']+$/g, '');
  if (trimmed === '') return checked(usual.url);
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
  const fallback = schemed === null ? usual.port : scheme === 'http' ? 80 : 443;
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

const badFor =
  ({ url, variable }: UsualEndpoint) =>
  (why: string): Checked<never> =>
    refused(
      errorProblem({
        code: 'backend/bad-endpoint',
        summary: 'The endpoint of an engine cannot be used',
        detail: `${why} An endpoint is a URL such as ${url}.`,
        remedy: `Correct spec.endpoint of the Backend${variable === null ? '' : `, or ${variable}`}. Tokens go into spec.auth.`,
      }),
    );
