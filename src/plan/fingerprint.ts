// One hash of a decision and of what it rests on. A saved plan is executed only when planning
// again gives the same fingerprint. Byte counts are left out: a download that got further in the
// meantime is still the same decision.
import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical.ts';
import type { Digest } from '../core/digest.ts';
import type { Plan } from '../core/plan.ts';

export function fingerprintOf(plan: Omit<Plan, 'fingerprint'>): Digest {
  const hash = createHash('sha256');
  hash.update(`${plan.revision}\n`);
  for (const { bytes: _, because: __, ...decided } of plan.actions) {
    hash.update(`action ${canonicalJson(decided)}\n`);
  }
  for (const at of plan.unchanged) {
    hash.update(`unchanged ${at.host}|${at.backend}|${at.name} ${at.digest} ${at.residency}\n`);
  }
  for (const at of plan.held) {
    hash.update(`held ${at.host}|${at.backend}|${at.name} ${at.because}\n`);
  }
  for (const at of plan.leftovers) {
    hash.update(`leftover ${at.host}|${at.backend}|${at.name} ${at.digest}\n`);
  }
  for (const at of plan.released) {
    hash.update(`released ${at.host}|${at.backend}|${at.name}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}
