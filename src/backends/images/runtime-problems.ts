// What llama.cpp cannot compute, whichever engine runs it. Pure.
import type { LoadOptions } from '../../core/desired.ts';
import type { Problem } from '../../core/problem.ts';
import { unsupported } from '../unsupported.ts';

export function cacheProblems({ kvCacheType, flashAttention }: LoadOptions): readonly Problem[] {
  if (kvCacheType === undefined || kvCacheType === 'f16' || flashAttention !== false) return [];
  return [
    unsupported(
      'spec.runtime.kvCacheType',
      `llama.cpp computes with a cache in ${kvCacheType} through flash attention only, which is turned off.`,
      'Leave flashAttention out, or kvCacheType.',
    ),
  ];
}
