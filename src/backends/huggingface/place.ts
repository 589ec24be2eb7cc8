// Where a Hugging Face cache is, and where modelctl keeps beside its own state which of its names
// are in it: nothing of ours stands in the cache but files as every tool puts them there.
import { join } from 'node:path';
import { digestHex } from '../../core/digest.ts';
import { sha256Text } from '../../core/hash.ts';
import { homeOf } from '../../io/home.ts';
import type { Io } from '../../io/io.ts';

export interface Place {
  /** Real path of the cache folder. */
  readonly cache: string;
  /** Absolute. */
  readonly namesFile: string;
}

export function placeOf(io: Io, cache: string): Place {
  const folder = join(homeOf(io.environment).state, 'huggingface');
  return { cache, namesFile: join(folder, `${digestHex(sha256Text(cache)).slice(0, 12)}.json`) };
}
