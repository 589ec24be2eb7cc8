// Whether a registry lets a model come through an API: the engine asks it for the manifest, so what it
// says now decides, however many of the bytes are here.
import type { DesiredPlacement } from '../core/desired.ts';
import type { Veto } from './judge.ts';
import { observationOf, type World } from './world.ts';

/** Why the locked content cannot come to a name that is to be built; null when it can, or may. */
export function registryVeto(world: World, placement: DesiredPlacement): Veto | null {
  const answer = world.observed.registries?.get(placement.key);
  if (answer === undefined) return null;
  if (answer.kind !== 'silent') {
    const isGone = answer.kind === 'gone';
    return {
      because: 'upstream-moved',
      detail: `${answer.detail} The engine, of which modelctl has the API only, asks there for the manifest.`,
      remedy: `${isGone ? 'Publish it there again, or correct spec.source.' : takeNew(placement)} ${writeStore}`,
    };
  }
  // What is not here has to come from somewhere, and the engine may know a way that we do not.
  if (!isHere(world, placement)) return null;
  return {
    because: 'unreachable',
    detail:
      'All its files are here, but the engine, of which modelctl has the API only, takes the ' +
      `manifest from the registry. ${answer.detail}`,
    remedy: `Bring the registry back, or have the engine pull it itself if it has another way there. ${writeStore}`,
  };
}

const takeNew = ({ model }: DesiredPlacement): string =>
  `To take what is there now: \`modelctl update ${model}\`.`;

/** What works without any registry. */
const writeStore =
  "The locked bytes need no registry where modelctl may write the engine's store: run it as the " +
  'user that owns the store, or name it in spec.files of the Backend.';

function isHere(world: World, placement: DesiredPlacement): boolean {
  const backend = observationOf(world, placement);
  const present = backend?.kind === 'reachable' ? backend.presentBlobs : new Set();
  return placement.artifact.files.every(
    ({ digest }) => present.has(digest) || world.observed.nearby?.has(digest) === true,
  );
}
