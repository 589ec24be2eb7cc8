// Changes of the inputs as a trigger: level-triggered, so that an event only says "look again", and
// a burst of them says it once. What is watched follows what is there.
import type { Io } from '../io/io.ts';
import type { WatchFiles } from '../io/watch-files.ts';
import { watchedPlaces } from './places.ts';
import type { Tell } from './trigger.ts';

export interface FileTrigger {
  /** Watches what counts now; `more` are files beside the inputs. To be called after each look. */
  readonly update: (more: readonly string[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** An editor writes, renames and removes within a few milliseconds. */
const quietMs = 40;

export function createFileTrigger(
  inputs: readonly string[],
  {
    io,
    watchFiles,
    tell,
    signal,
  }: {
    readonly io: Io;
    readonly watchFiles: WatchFiles;
    readonly tell: Tell;
    readonly signal: AbortSignal;
  },
): FileTrigger {
  const changed = new Set<string>();
  let watched = '';
  let stop: (() => Promise<void>) | null = null;
  const onChange = (path: string): void => {
    const isFirst = changed.size === 0;
    if (changed.size < pathsMax) changed.add(path);
    if (!isFirst) return;
    io.clock.sleep(quietMs, signal).then(
      () => {
        tell({ kind: 'files', paths: [...changed] });
        changed.clear();
      },
      () => undefined, // the loop ends
    );
  };
  return {
    update: async (more) => {
      const places = await watchedPlaces(inputs, more, io);
      const now = JSON.stringify(places);
      if (now === watched || signal.aborted) return;
      watched = now;
      const before = stop;
      stop = await watchFiles(places, onChange);
      await before?.();
      // Whatever changed before it was watched.
      tell({ kind: 'files', paths: [] });
    },
    close: async () => {
      await stop?.();
    },
  };
}

/** Of a burst; they are only told to people. */
const pathsMax = 1000;
