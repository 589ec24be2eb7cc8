// Between artifacts of the Hub and what a cache holds of them. Pure.

import {
  parseHubReference,
  shortHubReference,
} from '../../artifacts/sources/huggingface/reference.ts';
import type { CacheFile } from '../../artifacts/stores/huggingface/layout.ts';
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import type { Digest } from '../../core/digest.ts';
import type { Details, ObservedPlacement } from '../../core/observed.ts';
import type { Version } from './names.ts';

const scheme = 'hf://';

/** The reference as people write it, without its scheme; null for what is none. */
export function nameOfSource(source: string): string | null {
  if (!source.startsWith(scheme)) return null;
  const parsed = parseHubReference(source);
  return parsed.ok ? shortHubReference(parsed.value).slice(scheme.length) : null;
}

export const canonicalName = (name: string): string | null => nameOfSource(`${scheme}${name}`);

/** Null for what is not of the Hub, and where the lock does not say which commit it is. */
export function versionOf({ source, commit, revision, weights, files }: Artifact): Version | null {
  const parsed = source.startsWith(scheme) ? parseHubReference(source) : null;
  if (parsed?.ok !== true || commit === undefined) return null;
  const { repository, revision: ref } = parsed.value;
  return {
    repository,
    commit,
    ref: ref === commit ? null : ref,
    digest: revision,
    weights,
    files: files.map(cacheFile),
  };
}

const cacheFile = ({ path, digest, bytes, gitSha1 }: ArtifactFile): CacheFile => ({
  path,
  digest,
  bytes,
  ...(gitSha1 === undefined ? {} : { gitSha1 }),
});

export const sameVersion = (a: Version, b: Version): boolean =>
  a.repository === b.repository && a.commit === b.commit && a.digest === b.digest;

export const bytesOf = ({ files }: Pick<Version, 'files'>): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);

export const detailsOf = ({ weights }: { readonly weights: Digest | null }): Details => ({
  weights,
  recipe: {},
});

/** `version` is all there; `isDone` as in StoredName. */
export const placementOf = (
  name: string,
  version: Version,
  isDone: boolean,
): ObservedPlacement => ({
  name,
  digest: version.digest,
  bytes: bytesOf(version),
  details: detailsOf(version),
  ...(isDone ? {} : { cutOff: true }),
  loaded: null,
});
