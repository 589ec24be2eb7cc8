// Tells of changes in folders, by chokidar. Loaded only by what keeps running.
import { join, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { WatchedPlace, WatchFiles } from '../watch-files.ts';

/** Not looked into, however much is below. */
const passedOver = new Set(['node_modules', '.git']);

/** Resolves once it watches. A place that vanishes meanwhile is no error: that is a change, too. */
export const watchFiles: WatchFiles = async (places, onChange) => {
  const watchers = places.map((place) => watcherOf(place));
  const ready = watchers.map(
    (watcher) =>
      new Promise<void>((resolve) => {
        watcher.on('ready', resolve);
        watcher.on('all', (_, path) => onChange(path));
        // A folder that may not be read, or no more watches to be had: the timer looks all the same.
        watcher.on('error', () => resolve());
      }),
  );
  await Promise.all(ready);
  return async () => {
    await Promise.all(watchers.map((watcher) => watcher.close()));
  };
};

function watcherOf({ folder, names }: WatchedPlace): FSWatcher {
  if (names === null) {
    return watch(folder, {
      ignoreInitial: true,
      followSymlinks: true,
      ignored: (path) => path.split(sep).some((name) => passedOver.has(name)),
    });
  }
  const wanted = new Set([folder, ...names.map((name) => join(folder, name))]);
  return watch(folder, { ignoreInitial: true, depth: 0, ignored: (path) => !wanted.has(path) });
}
