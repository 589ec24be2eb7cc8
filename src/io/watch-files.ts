// The port by which a loop is told of changed files; the real one is node/watch-files.ts. Not a part of
// `Io`: nothing else has a use for it.

/** A folder in which something is expected to change. */
export interface WatchedPlace {
  /** Absolute. */
  readonly folder: string;
  /** Only these names, right in it; null: everything in and below it, links followed. */
  readonly names: readonly string[] | null;
}

/**
 * Calls with the path of whatever is added, changed or removed, perhaps more than once, until what it
 * resolves with is called. It may miss something: whoever asks looks once in a while all the same.
 */
export type WatchFiles = (
  places: readonly WatchedPlace[],
  onChange: (path: string) => void,
) => Promise<() => Promise<void>>;
