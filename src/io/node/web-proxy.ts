// Which proxy a request goes through: the declared one, else what the environment says in the
// variables that curl and others follow. Loopback never goes through one of the environment, whose
// writer meant the way out.
import process from 'node:process';
import { isLoopback } from '../../core/loopback.ts';
import { HttpError } from '../io.ts';

export interface Proxy {
  /** Without credentials. */
  readonly url: URL;
  /** A secret: the whole value of Proxy-Authorization. */
  readonly authorization?: string;
}

interface Target {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}

type Get = (name: string) => string | undefined;

/** `declared`: an address, null for none at all. Throws HttpError for one that cannot be used. */
export function proxyOf(
  target: Target,
  declared: string | null | undefined,
  get: Get,
): Proxy | null {
  if (declared === null) return null;
  if (declared !== undefined) return parseProxy(declared, 'the declared proxy');
  if (isLoopback(target.hostname) || isExempt(target, either(get, 'NO_PROXY') ?? '')) return null;
  const scheme = target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  for (const name of [scheme, 'ALL_PROXY']) {
    const value = either(get, name);
    if (value !== undefined) return parseProxy(value, name);
  }
  return null;
}

/** The lower-case spelling is the older one, and wins as with curl. Empty is not set. */
function either(get: Get, name: string): string | undefined {
  const value = get(name.toLowerCase()) || get(name);
  return value === '' ? undefined : value;
}

/** `name` says where it comes from: the address itself may hold a password. */
function parseProxy(text: string, name: string): Proxy {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || url.hostname === '') throw unusable(`${name} is not an address`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw unusable(`${name} is one of ${url.protocol}//, and only http and https are spoken`);
  }
  if (url.username === '' && url.password === '') return { url: new URL(url.origin) };
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return { url: new URL(url.origin), authorization };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that stands for itself
  }
}

const unusable = (why: string): HttpError => new HttpError('proxy', why);

/**
 * As curl and Go read NO_PROXY: names with all that is below them, `*` for everything, a port where
 * only that is meant, and ranges of addresses in CIDR notation.
 */
function isExempt({ protocol, hostname, port }: Target, list: string): boolean {
  const host = hostname.toLowerCase().replace(/^\[|\]$/g, '');
  const actualPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '') return false;
      if (entry === '*') return true;
      if (entry.includes('/')) return isInRange(host, entry);
      const [, name = entry, onlyPort] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
      if (onlyPort !== undefined && onlyPort !== actualPort) return false;
      const suffix = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
      return host === suffix || (suffix !== '' && host.endsWith(`.${suffix}`));
    });
}

function isInRange(host: string, entry: string): boolean {
  const { BlockList, isIP } = process.getBuiltinModule('node:net');
  const [address = '', prefix = ''] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || family !== isIP(host)) return false;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128)) return false;
  const ranges = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  ranges.addSubnet(address, Number(prefix), type);
  return ranges.check(host, type);
}
