// Why a way into an Ollama is closed, or leads nowhere, for people. Pure.
import { errorProblem, type Problem } from '../../core/problem.ts';

/** The next best way is taken on these three. */
export const storeElsewhere = (engine: string, store: string): Problem =>
  errorProblem({
    code: 'backend/store-elsewhere',
    summary: 'A folder is not the store of the engine, or not to be written to',
    detail: `${engine} does not keep its models in ${store}, or no longer lets modelctl write there.`,
    remedy: 'Name its store in spec.files.path of the Backend, or set spec.files.access to none.',
    retry: 'later',
  });

export const storeRefused = (engine: string, store: string, code: string): Problem =>
  errorProblem({
    code: 'backend/store-refused',
    summary: 'The store of the engine may not be written to',
    detail: `${engine} keeps its models in ${store}, which refused a write (${code}).`,
    remedy: 'Run modelctl as the user that owns the store, or set spec.files.access to none.',
    retry: 'later',
  });

export const manifestNotLocked = (name: string): Problem =>
  errorProblem({
    code: 'backend/manifest-not-locked',
    summary: 'The lock has not the manifest of a model',
    detail: `What models.lock.yaml has as the manifest of ${name} is not what its digest says.`,
    remedy: 'Restore the entry in models.lock.yaml, or remove it and apply again.',
  });

export const noRoomForCopies = (engine: string): Problem =>
  errorProblem({
    code: 'backend/disk-full',
    summary: 'The engine has no disk space left',
    detail: `Nothing could be put into the store of ${engine}, and there is no room to hand it a copy.`,
    remedy: 'Free space where it keeps its models, then apply again.',
    retry: 'later',
  });

/**
 * Of what the engine says of a registry that it needs for the manifest alone: the lock knows the
 * model, so neither its source nor the network of this machine is to be corrected.
 */
export function noManifest(name: string, host: string, said: Problem): Problem {
  const outcome = withoutManifest.get(said.code);
  if (outcome === undefined) return said;
  return errorProblem({
    code: said.code,
    summary: said.summary,
    detail:
      `The files of ${name} are here, verified, and handed over; its manifest the engine takes from ` +
      `${host}, ${outcome}. ${said.detail}`,
    remedy:
      `Have ${host} serve what is locked to the machine of the engine (proxy: HTTPS_PROXY of the ` +
      'server), then apply again. No registry is needed where modelctl may write the store of the ' +
      'engine: run it as the user that owns the store, or name it in spec.files of the Backend.',
    retry: said.retry,
  });
}

const withoutManifest: ReadonlyMap<string, string> = new Map([
  ['backend/registry-unreachable', 'and could not get it there'],
  ['backend/tag-not-found', 'which says that it has no such tag'],
  ['backend/registry-denied', 'which refused it'],
]);

/** Before anything was asked of the engine. `what` is a sentence. */
export const movedUpstream = (name: string, what: string): Problem =>
  errorProblem({
    code: 'backend/upstream-moved',
    summary: 'The tag no longer stands for what was locked',
    detail: `${name} cannot come through the API. ${what} What was there before is untouched.`,
    remedy:
      'Look at what changed upstream (`modelctl outdated`), and take the new content with `modelctl ' +
      'update`. The locked bytes can still be put into a store whose files modelctl may write.',
    retry: 'never',
  });
