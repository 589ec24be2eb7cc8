// References to files on the web: `https://host/path#sha256=<hex>`. The digest is part of the
// name, since a web server promises nothing about what it serves next time. A reference travels in
// manifests, locks and plans, so one that holds a credential is refused, and never repeated. Pure.
import { type Digest, parseDigest } from '../../../core/digest.ts';
import { type Checked, checked, errorProblem, refused } from '../../../core/problem.ts';
import { refusalOf } from '../../http/address.ts';

export interface WebFile {
  /** Without the fragment. */
  readonly url: URL;
  readonly digest: Digest;
}

export function parseWebReference(reference: string): Checked<WebFile> {
  const url = URL.parse(reference);
  if (url === null)
    return invalid('It is not an address.', 'Write https://host/path#sha256=<64 hex digits>.');
  const refusal = refusalOf(url);
  if (refusal !== null) {
    return invalid(
      `It ${refusal}.`,
      url.username === '' && url.password === ''
        ? 'Use https; plain http is for servers on this machine only.'
        : 'Remove the user name and password; modelctl asks without credentials.',
    );
  }
  const secret = [...url.searchParams.keys()].some((key) => secretKey.test(key));
  if (secret) {
    return invalid(
      'Its query has a credential in it, which would end up in the lock and in every plan.',
      'Name an address that needs none, or download the file and name it with file://.',
    );
  }
  const { hash } = url;
  url.hash = '';
  if (hash === '') return withoutDigest(url);
  const digest = /^#sha256=(?:sha256:)?[0-9a-f]{64}$/i.test(hash)
    ? parseDigest(hash.slice('#sha256='.length))
    : null;
  if (digest === null) {
    return invalid(
      'What follows the number sign is not sha256= and 64 hex digits.',
      commandFor(url),
    );
  }
  return checked({ url, digest });
}

export const formatWebReference = ({ url, digest }: WebFile): string =>
  `${url.href}#${digest.replace(':', '=')}`;

/** The last name in the path, made fit for a file name. */
export function webFileName(url: URL): string {
  const last = url.pathname.split('/').findLast((segment) => segment !== '') ?? '';
  const name = last
    .replace(/%[0-9a-f]{2}/gi, '_')
    .replace(/[^\w.+-]/g, '_')
    .slice(-128);
  return /^\.*$/.test(name) ? 'model' : name;
}

const secretKey = /token|secret|passw|signature|^sig$|credential|api[-_]?key|^key$|^auth/i;

// A single quote is the one character that would end the quoted text; a URL can do without it.
const commandFor = (url: URL): string =>
  `Compute it from a copy that you trust, and add it as #sha256=<the 64 hex digits>:\n  curl --fail --location --silent '${url.href.replaceAll("'", '%27')}' | sha256sum`;

const invalid = (detail: string, remedy: string): Checked<never> =>
  refused(
    errorProblem({
      code: 'source/invalid',
      summary: 'A source cannot be read',
      detail: `The web address cannot be used. ${detail}`,
      remedy,
    }),
  );

const withoutDigest = (url: URL): Checked<never> =>
  refused(
    errorProblem({
      code: 'source/without-digest',
      summary: 'A web address needs the digest of its file',
      detail: `Nothing says which bytes ${url.href} should hold, so they could not be verified.`,
      remedy: commandFor(url),
    }),
  );
