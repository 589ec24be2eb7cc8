// References to models in OCI registries: `oci://host[:port]/name[:tag][@sha256:<digest>]`, by the
// grammar of the distribution specification. The host is always written, since no registry is
// everyone's default; only Docker Hub has several, and is docker.io here. Pure.
import { type Digest, isDigest } from '../../../core/digest.ts';
import { dockerHub, isDockerHub, spokenOrigin } from '../../../core/docker-hub.ts';
import { isLoopback } from '../../../core/loopback.ts';
import { type Checked, checked, errorProblem, refused } from '../../../core/problem.ts';

export interface OciReference {
  /** In lower case, with its port unless that is the usual one. */
  readonly host: string;
  /** As in `library/smollm2`. */
  readonly name: string;
  /** Null when only a digest is given. */
  readonly tag: string | null;
  /** Wins over the tag, which is then for people. */
  readonly digest: Digest | null;
}

const scheme = 'oci://';
const form = 'oci://host[:port]/name[:tag][@sha256:<digest>]';
const nameLengthMax = 255;

const namePart = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const tagRule = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export function parseOciReference(reference: string): Checked<OciReference> {
  if (!reference.toLowerCase().startsWith(scheme)) return invalid('It does not begin with oci://.');
  const body = reference.slice(scheme.length);
  const at = body.indexOf('@');
  const digest = at < 0 ? null : body.slice(at + 1);
  // What stands before an at sign may be a password: such a reference is not repeated.
  if (digest !== null && !isDigest(digest)) {
    return invalid('What follows the at sign is not sha256: and 64 lower-case hex digits.');
  }
  const path = at < 0 ? body : body.slice(0, at);
  const shown = path.length <= 200 ? `"${path}"` : 'The reference';
  const [given = '', ...parts] = path.split('/');
  const host = canonicalHost(given);
  if (host === null) return withoutHost(given, path, shown);
  const { name, tag } = splitTag(parts.join('/'));
  const refusal = nameRefusal(name);
  if (refusal !== null)
    return invalid(`The name in ${shown} ${refusal}.`, nameRemedy(host, name, tag));
  if (tag !== null && !tagRule.test(tag)) {
    return invalid(
      `The tag in ${shown} must begin with a letter, digit or underscore, go on with these, dots and dashes, and have at most 128 characters.`,
    );
  }
  return checked({
    host,
    name: host === dockerHub && !name.includes('/') ? `library/${name}` : name,
    tag: tag ?? (digest === null ? 'latest' : null),
    digest,
  });
}

/** With every default written out. */
export const formatOciReference = (reference: OciReference): string =>
  `${scheme}${shortOciReference(reference)}`;

/** For people: without the scheme. */
export const shortOciReference = ({ host, name, tag, digest }: OciReference): string =>
  `${host}/${name}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;

/** Registries on loopback are spoken to in plain http, as docker and oras do. */
export const originOf = ({ host }: OciReference): URL =>
  new URL(spokenOrigin(new URL(originText(host))));

const originText = (host: string): string =>
  `${isLoopback(host.replace(/:\d+$/, '')) ? 'http' : 'https'}://${host}`;

/** Null when it is no host: it needs a dot, a port or to be this machine, as with docker. */
function canonicalHost(text: string): string | null {
  const lower = text.toLowerCase();
  if (!/^(?:[a-z0-9](?:[a-z0-9.-]{0,253}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/.test(lower))
    return null;
  if (!/[.:]/.test(lower) && lower !== 'localhost') return null;
  const url = URL.parse(originText(lower));
  // Another spelling of an address (127.1) would be another host to whoever compares texts.
  if (url === null || url.port === '0' || url.hostname !== lower.replace(/:\d+$/, '')) return null;
  return isDockerHub(url.host) ? dockerHub : url.host;
}

function splitTag(text: string): { readonly name: string; readonly tag: string | null } {
  const colon = text.lastIndexOf(':');
  if (colon < 0 || colon < text.lastIndexOf('/')) return { name: text, tag: null };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

function nameRefusal(name: string): string | null {
  if (name === '') return 'is missing';
  if (name.length > nameLengthMax) return `is longer than ${nameLengthMax} characters`;
  if (name.split('/').every((part) => namePart.test(part))) return null;
  return 'may hold lower-case letters, digits, and single dots, underscores or dashes between them';
}

const nameRemedy = (host: string, name: string, tag: string | null): string =>
  nameRefusal(name.toLowerCase()) === null
    ? `Registries take lower case only: did you mean ${scheme}${host}/${name.toLowerCase()}${tag === null ? '' : `:${tag}`}?`
    : `Write ${form}.`;

function withoutHost(host: string, path: string, shown: string): Checked<never> {
  const isName =
    namePart.test(host) && !host.includes('.') && nameRefusal(splitTag(path).name) === null;
  return invalid(
    isName
      ? `${shown} names no registry: "${host}" has neither a dot nor a port.`
      : `The host in ${shown} is not one that can be asked.`,
    isName ? `Did you mean ${scheme}${dockerHub}/${path}?` : `Write ${form}.`,
  );
}

const invalid = (detail: string, remedy = `Write ${form}.`): Checked<never> =>
  refused(
    errorProblem({
      code: 'source/invalid',
      summary: 'A source cannot be read',
      detail: `The reference to a registry cannot be used. ${detail}`,
      remedy,
    }),
  );
