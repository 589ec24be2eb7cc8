// What can go wrong with a store of images and the names in it, as problems. Pure.
import { errorProblem, type Problem } from '../../core/problem.ts';
import { errorCode } from '../../io/error-code.ts';

export const baseGone = (name: string, base: string): Problem =>
  errorProblem({
    code: 'backend/base-missing',
    summary: 'What a name is built on is not there',
    detail: `${name} is to name what ${base} holds, and ${base} is not there.`,
    remedy: 'Apply again: it is brought first.',
    retry: 'later',
  });

export const notThere = (name: string): Problem =>
  errorProblem({
    code: 'backend/not-there',
    summary: 'The model is no longer there',
    detail: `${name} is to be loaded, and is not in the store, or not all of it.`,
    remedy: 'Apply again: it is brought back.',
    retry: 'later',
  });

export const inUse = (name: string): Problem =>
  errorProblem({
    code: 'backend/in-use',
    summary: 'The model is in use',
    detail: `${name} is in memory, and is not evicted before it is unloaded.`,
    remedy: 'Apply again when it is no longer used.',
    retry: 'later',
  });

/** Null when the error is not the disk's: then it is a bug of ours. */
export function storeFailure(store: string, error: unknown): Problem | null {
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(store);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return notWritable(store, code);
  return code !== undefined && /^E[A-Z0-9]+$/.test(code) ? diskFailed(store, code) : null;
}

const diskFull = (store: string): Problem =>
  errorProblem({
    code: 'backend/disk-full',
    summary: 'The engine has no disk space left',
    detail: `The file system of ${store} is full.`,
    remedy: 'Free space there, then apply again.',
    retry: 'later',
  });

const notWritable = (store: string, code: string): Problem =>
  errorProblem({
    code: 'backend/store-not-writable',
    summary: 'The store of an engine cannot be written',
    detail: `Writing to ${store} is refused (${code}).`,
    remedy: `Give your user the right to write there, or name another folder in spec.files.path.`,
  });

const diskFailed = (store: string, code: string): Problem =>
  errorProblem({
    code: 'backend/store-failed',
    summary: 'The store of an engine failed',
    detail: `The file system of ${store} reports ${code}.`,
    remedy: 'Look after the disk, then apply again.',
    retry: 'later',
  });
