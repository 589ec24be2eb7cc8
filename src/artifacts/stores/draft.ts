// Makes a file of a store under a name of its own: noted before, so that the next run removes it when
// this one is killed meanwhile, and removed at once when it comes to nothing.
import type { Io } from '../../io/io.ts';

/**
 * `make` leaves nothing under `draft`: it renames it or removes it. What `make` fails with is thrown,
 * whatever becomes of the draft; one that could not be removed is left to the next run.
 */
export async function drafting<T>(
  { files, drafts }: Pick<Io, 'files' | 'drafts'>,
  draft: string,
  make: () => Promise<T>,
): Promise<T> {
  drafts?.note(draft);
  let made: T;
  try {
    made = await make();
  } catch (error) {
    await files.remove(draft).then(
      () => drafts?.drop(draft),
      () => undefined,
    );
    throw error;
  }
  drafts?.drop(draft);
  return made;
}
