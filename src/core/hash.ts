// Hashing of small plain data. Files are hashed where they are read (artifacts/), not here.
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical.ts';
import type { Digest } from './digest.ts';

export const sha256Text = (text: string | Uint8Array): Digest =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Equal data gives an equal digest, whatever the order in which its keys were added. */
export const sha256Json = (value: unknown): Digest => sha256Text(canonicalJson(value));
