// Content identity. A digest is always written `sha256:` plus 64 lower-case hex characters, the
// form of OCI; engines that leave the prefix out get it added at their border (translate.ts).

export type Digest = `sha256:${string}`;

const pattern = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): text is Digest => pattern.test(text);

/** Returns the digest in `text`, which may lack the prefix; null when it is not one. */
export function parseDigest(text: string): Digest | null {
  const full = text.startsWith('sha256:') ? text.toLowerCase() : `sha256:${text.toLowerCase()}`;
  return isDigest(full) ? full : null;
}

export const digestHex = (digest: Digest): string => digest.slice('sha256:'.length);

/** The twelve characters that people compare by eye, as git and docker show them. */
export const shortDigest = (digest: Digest): string => digestHex(digest).slice(0, 12);
