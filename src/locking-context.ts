// What lock, outdated and update need of the world, and nothing of engines.
import type { Sources } from './artifacts/source.ts';
import { sources as builtIn } from './artifacts/sources/index.ts';
import { homeOf } from './io/home.ts';
import type { Io } from './io/io.ts';
import type { LockingContext } from './locking/declared-set.ts';
import { selfNames, setRoutes } from './set-routes.ts';

export interface SourcesContext {
  readonly io: Io;
  readonly signal: AbortSignal;
  /** Others than the built-in ones: for tests, and for programs with their own. */
  readonly sources?: Sources;
}

/** The real sources and this machine's state folder, where nothing else is said. */
export const lockingContext = (
  { io, signal, sources }: SourcesContext,
  rateLimit?: number,
): LockingContext => ({
  io,
  signal,
  sources: sources ?? builtIn,
  stateFolder: homeOf(io.environment).state,
  routesOf: (manifests) => setRoutes({ manifests, self: selfNames(undefined, io), rateLimit }, io),
});
