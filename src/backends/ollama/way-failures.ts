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

/** Before anything was asked of the engine. `what` is a sentence. */
export const movedUpstream = (name: string, what: string): Problem =>
  errorProblem({
    code: 'backend/upstream-moved',
    summary: 'The tag no longer stands for what was locked',
    detail: `${name} cannot come through the API. ${what} What was there before is untouched.`,
    remedy:
      'Look at what changed upstream. To take the new content, remove the entry of this model from ' +
      'models.lock.yaml and apply again. The locked bytes can still be put into a store whose files ' +
      'modelctl may write.',
    retry: 'never',
  });
