// One file that lies behind routes, read in many parts. What the first part learns serves the rest:
// which route has it, so that a mirror without it is not asked three hundred times, and where its
// redirects end.
import type { Clock } from '../../io/io.ts';
import { type RedirectMemory, rememberRedirects } from '../http/redirect-memory.ts';
import type { FilePart, OpenedFile, ReadableFile } from '../source.ts';
import { onRoutes, type Route } from './route.ts';

/**
 * `open` reads a part over one route; what it hands on as `redirects` to `openRange` spares the
 * redirect from then on.
 */
export function readOver<R extends Route>(
  routes: readonly R[],
  clock: Clock,
  open: (route: R, part: FilePart, redirects: RedirectMemory) => Promise<OpenedFile>,
): ReadableFile {
  const redirects = routes.map(() => rememberRedirects(clock));
  const numbered = routes.map((route, index) => ({ ...route, route, index }));
  let first = 0;
  return {
    read: (part) =>
      // Those before the one that has it were tried, and could not help.
      onRoutes(numbered.slice(first), part.signal, async ({ route, index }) => {
        const memory = redirects[index] ?? rememberRedirects(clock);
        const opened = await open(route, part, memory);
        first = index;
        return opened;
      }),
  };
}
