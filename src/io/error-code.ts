// Node names what went wrong in `error.code` (`ENOENT`, `ECONNREFUSED`); everything that decides by
// the kind of a failure asks here.

/** The code of one of node's own errors; undefined for anything else that was thrown. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Nothing is there: neither the thing itself nor a folder on the way to it. */
export const isAbsent = (error: unknown): boolean => {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
};
