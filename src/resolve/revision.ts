// One digest of a desired state: the same manifests and lock give the same revision, whatever the
// order in which they were read.
import { createHash } from 'node:crypto';
import { canonicalJson, compareText } from '../core/canonical.ts';
import type { Desired } from '../core/desired.ts';
import type { Digest } from '../core/digest.ts';

export function revisionOf(desired: Omit<Desired, 'revision'>): Digest {
  const hash = createHash('sha256');
  hash.update(`${desired.complete ? 'complete' : 'partial'}\n`);
  const placements = [...desired.placements.values()].toSorted((a, b) => compareText(a.key, b.key));
  for (const { artifact, origin: _, ...placement } of placements) {
    hash.update(`${canonicalJson(placement)} ${artifact.revision}\n`);
  }
  for (const { origin: _, ...service } of desired.services?.values() ?? []) {
    hash.update(`service ${canonicalJson(service)}\n`);
  }
  for (const held of desired.held) {
    hash.update(`held ${held.host}|${held.backend}|${held.name} ${held.because}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}
