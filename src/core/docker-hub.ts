// Docker Hub goes by several host names: people write docker.io, docker files credentials under
// index.docker.io, and what speaks the protocol is registry-1.docker.io. Here they are one place.

/** The one spelling in references. */
export const dockerHub = 'docker.io';

/** The one that answers. */
const speaking = 'registry-1.docker.io';
const names: ReadonlySet<string> = new Set([dockerHub, 'index.docker.io', speaking]);

/** `host` in lower case, without the usual port. */
export const isDockerHub = (host: string): boolean => names.has(host);

/** Where a place is spoken to, so that two spellings of one place are one text. */
export const spokenOrigin = ({ origin, host, protocol }: URL): string =>
  protocol === 'https:' && isDockerHub(host) ? `https://${speaking}` : origin;
