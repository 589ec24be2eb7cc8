// Names that a person may mean, from the ledger, the staging folder and the manifests of this machine.
// Asks no engine and no daemon, so it answers at once; what cannot be read offers nothing.
import { shortDigest } from '../../core/digest.ts';
import type { Resource } from '../../core/resource.ts';
import type { Io } from '../../io/io.ts';
import type { Candidate, Live } from './candidates.ts';

export interface Asking {
  readonly io: () => Promise<Io>;
  readonly signal: AbortSignal;
  /** Manifests that were named so far. */
  readonly inputs: readonly string[];
  /** The word itself, as far as it is there. */
  readonly typed: string;
}

export async function liveNames(live: Live, asking: Asking): Promise<readonly Candidate[]> {
  switch (live) {
    case 'field':
      return (await import('./fields.ts')).fieldsLike(asking.typed);
    case 'transfer':
    case 'unfinished':
      return transferNames(live, asking);
    case 'registry':
    case 'backend':
    case 'host':
      return declaredNames(kinds[live], asking);
    case 'declared':
      return asking.inputs.length > 0 ? declaredNames('Model', asking) : ownedNames(live, asking);
    default:
      return ownedNames(live, asking);
  }
}

const kinds = { registry: 'Registry', backend: 'Backend', host: 'Host' } as const;

async function transferNames(
  live: 'transfer' | 'unfinished',
  { io }: Asking,
): Promise<readonly Candidate[]> {
  const { listTransfers } = await import('../../transfers.ts');
  const { transfers } = await listTransfers(await io());
  return transfers.flatMap(({ digest, origin, state }) => {
    // It has arrived, and is nobody's to end.
    if (live === 'unfinished' && state === 'staged') return [];
    return [
      ...(origin?.wantedBy ? [{ text: origin.wantedBy.model, description: origin.path }] : []),
      { text: shortDigest(digest), description: origin?.path ?? '' },
    ];
  });
}

async function declaredNames(
  wanted: Resource['kind'],
  { io, signal, inputs }: Asking,
): Promise<readonly Candidate[]> {
  if (inputs.length === 0) return [];
  const { load } = await import('../../manifest/load.ts');
  const loaded = await load(inputs, await io(), signal);
  const resources = loaded.ok ? loaded.value.resources : [];
  return resources.flatMap(({ kind, metadata }) =>
    kind === wanted ? [{ text: metadata.name, description: kind }] : [],
  );
}

async function ownedNames(
  live: 'model' | 'declared' | 'placement' | 'set',
  { io }: Asking,
): Promise<readonly Candidate[]> {
  const { readingLedger } = await import('../ledger-access.ts');
  const inventory = await readingLedger(await io(), (ledger) => ledger.inventory());
  const served = live === 'model' || live === 'placement';
  const names = new Map(served ? inventory.map(({ name, model }) => [name, model]) : []);
  if (live === 'model' || live === 'declared') {
    for (const { model } of inventory) names.set(model, 'Model');
  }
  if (live === 'set') for (const { set } of inventory) names.set(set, 'set');
  return [...names].map(([text, description]) => ({ text, description }));
}
