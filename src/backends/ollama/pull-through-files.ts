// Pulls a tag by putting it into the engine's store ourselves: the locked files, then the locked
// manifest. Needs no registry when the files are there, and the tag may have moved.
import type { OllamaName } from '../../core/ollama-name.ts';
import { ProblemError } from '../../core/problem.ts';
import type { PerformContext, Performed } from '../backend.ts';
import { list } from './client.ts';
import { fillBlobs, putManifest } from './fill.ts';
import type { PullWork } from './pull.ts';
import { replace, type Workshop } from './replace.ts';
import { readManifest } from './store.ts';
import { storeElsewhere } from './way-failures.ts';

export function pullThroughFiles(
  workshop: Workshop,
  context: PerformContext,
  { name, artifact, replaces }: PullWork,
  at: { readonly store: string; readonly source: OllamaName; readonly manifest: string },
): Promise<Performed> {
  const { engine } = workshop;
  const { store, source, manifest } = at;
  return replace(workshop, context, {
    name,
    outcome: 'pulled',
    replaces,
    coming: artifact.revision,
    prepare: (progress) => fillBlobs(engine, context, store, [artifact], progress),
    make: async (progress) => {
      const path = await putManifest(engine, context, store, source, manifest);
      progress.wrote = true;
      try {
        // What the server cleared away meanwhile, as with a name that shared it: from here on the
        // manifest keeps it.
        const quiet = { ...context, onBytes: () => undefined };
        await fillBlobs(engine, quiet, store, [artifact], progress);
        const listed = (await list(engine, context)).models.get(name);
        if (listed === undefined) throw new ProblemError(storeElsewhere(engine.label, store));
      } catch (error) {
        const { files } = context.io;
        const there = await readManifest(files, path);
        // A manifest without all of its files is worse than none.
        if (there?.revision === artifact.revision) await files.remove(path);
        throw error;
      }
    },
  });
}
