// The refs of a repository: which commit a branch or tag stood for when somebody last asked the Hub.
// Clients that are offline, and llama.cpp always, see only what a ref leads to.
import { isAbsent } from '../../../io/error-code.ts';
import { drafting } from '../draft.ts';
import { refPath, snapshotFolder } from './layout.ts';
import { isCommit } from './names.ts';
import { newTemporary, type RepositoryStore } from './store.ts';

const refBytesMax = 1_024;

/** Null when there is none, or when what it says is no commit. */
export async function readRef(
  store: Pick<RepositoryStore, 'io' | 'folder'>,
  name: string,
): Promise<string | null> {
  try {
    const bytes = await store.io.files.readBytes(refPath(store.folder, name), refBytesMax);
    // Written without a newline; llama.cpp's reader takes one.
    const text = Buffer.from(bytes).toString('utf8').trimEnd();
    return isCommit(text) ? text : null;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** `kept`: it leads to another snapshot that is here, and was not to be moved. */
export async function putRef(
  store: RepositoryStore,
  ref: { readonly name: string; readonly moves: boolean },
  commit: string,
): Promise<'written' | 'unchanged' | 'kept'> {
  const { files } = store.io;
  const current = await readRef(store, ref.name);
  if (current === commit) return 'unchanged';
  if (current !== null && !ref.moves) {
    if ((await files.stat(snapshotFolder(store.folder, current))) !== null) return 'kept';
  }
  // Made elsewhere: a file that a crash leaves among the refs would be read as one.
  const temporary = newTemporary(store);
  await drafting(store.io, temporary, async () => {
    await files.writeAtomic(temporary, commit, { drafts: store.io.drafts });
    await files.rename(temporary, refPath(store.folder, ref.name));
  });
  return 'written';
}
