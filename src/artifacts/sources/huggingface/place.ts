// Where a locked artifact of the Hub stands in any cache that has the Hub's layout. Pure.
import type { Artifact } from '../../../core/artifact.ts';
import { parseHubReference } from './reference.ts';

export interface HubPlace {
  /** As in `org/name`. */
  readonly repository: string;
  /** 40 hex characters. */
  readonly commit: string;
  /** As it was asked for: a branch, a tag, or the commit. */
  readonly revision: string;
}

/** Null for what is of another source, and for a lock that tells no commit. */
export function hubPlaceOf({ source, commit }: Artifact): HubPlace | null {
  if (!source.startsWith('hf://') || commit === undefined) return null;
  const parsed = parseHubReference(source);
  if (!parsed.ok) return null;
  return { repository: parsed.value.repository, commit, revision: parsed.value.revision };
}
