// Which files of its store an Ollama serves names from, where that store is a folder of this machine
// that may be read. Ollama never hashes a blob again once it is there, and a re-pull takes it for
// right because it exists, so this is the only way to find a damage before it shows.
//
// What answers on a loopback address may be a container or the end of a tunnel: a folder counts as
// its store only for names whose manifest there is the very one that it lists.
import { dirname, join } from 'node:path';
import type { BackendReference } from '../../core/backend-reference.ts';
import type { DesiredPlacement } from '../../core/desired.ts';
import { digestHex } from '../../core/digest.ts';
import type { FolderAccess } from '../../core/folder-access.ts';
import type { BackendObservation, ObservedPlacement } from '../../core/observed.ts';
import { errorProblem, type Problem } from '../../core/problem.ts';
import { errorCode } from '../../io/error-code.ts';
import type { Files } from '../../io/io.ts';
import type { BackendContext, Kept, KeptFile } from '../backend.ts';
import { parseName } from './names.ts';
import { blobPath, blobsFolder, manifestPath, readManifest, spelledAsStored } from './store.ts';

export async function keeps(
  { endpoint, store, files }: Pick<BackendReference, 'endpoint' | 'store' | 'files'>,
  placements: readonly DesiredPlacement[],
  observation: BackendObservation,
  { io, signal }: BackendContext,
): Promise<ReadonlyMap<string, Kept>> {
  const kept = new Map<string, Kept>();
  for (const placement of placements) {
    signal.throwIfAborted();
    if (observation.kind === 'unreachable') {
      kept.set(placement.name, { kind: 'closed', problem: observation.problem });
      continue;
    }
    const listed = observation.placements.get(placement.name);
    if (listed === undefined) kept.set(placement.name, { kind: 'absent' });
    else if (placement.digest !== null && placement.digest !== listed.digest) {
      kept.set(placement.name, { kind: 'other' });
    } else if (store === null) {
      kept.set(placement.name, { kind: 'closed', problem: noFolder(endpoint ?? '') });
    } else if (files === 'none') {
      kept.set(placement.name, { kind: 'closed', problem: keptOut(store) });
    } else kept.set(placement.name, await keptIn(store, listed, io.files, files));
  }
  return kept;
}

async function keptIn(
  store: string,
  listed: ObservedPlacement,
  files: Files,
  allowed: FolderAccess | undefined,
): Promise<Kept> {
  const name = parseName(listed.name);
  if (name === null) return { kind: 'closed', problem: otherStore(store, listed.name) };
  try {
    const path = manifestPath(store, await spelledAsStored(files, store, name));
    const manifest = await readManifest(files, path);
    if (manifest?.revision !== listed.digest || manifest.files === null) {
      return { kind: 'closed', problem: otherStore(store, listed.name) };
    }
    // A blob that may not be looked at must not pass for one that is gone.
    await files.list(blobsFolder(store));
    return {
      kind: 'files',
      files: manifest.files.map(({ path: file, digest, bytes }): KeptFile => {
        const blob = blobPath(store, digest);
        const temporary = join(dirname(blob), `.modelctl-${digestHex(digest)}.tmp`);
        const mayWrite = allowed !== 'read';
        return { path: blob, file, digest, bytes, temporary, mayShare: false, mayWrite };
      }),
    };
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return { kind: 'closed', problem: notReadable(store, code) };
  }
}

const noFolder = (endpoint: string): Problem =>
  errorProblem({
    code: 'verify/no-store',
    summary: "Ollama's files cannot be looked at",
    detail: `It is not known where on this machine the Ollama at ${endpoint} keeps its models. Ollama itself never checks them again.`,
    remedy:
      'If they are in a folder of this machine, name it in the Backend:\n\n    spec: { files: { path: /usr/share/ollama/.ollama/models } }\n\nElse run modelctl where they are.',
  });

const keptOut = (store: string): Problem =>
  errorProblem({
    code: 'verify/kept-out',
    summary: "Ollama's files are not to be looked at",
    detail: `spec.files.access of the Backend is none, so nothing is read in ${store}. Ollama itself never checks its files again.`,
    remedy: 'Allow it with spec.files.access: read.',
  });

const otherStore = (store: string, name: string): Problem =>
  errorProblem({
    code: 'verify/other-store',
    summary: 'A folder is not the store of this Ollama',
    detail: `${store} does not hold ${name} as the server lists it, so its files say nothing of that model.`,
    remedy:
      'Name the folder that it serves from in spec.files.path of the Backend, or, where it runs in a container, run modelctl there.',
  });

const notReadable = (store: string, code: string): Problem =>
  errorProblem({
    code: 'verify/store-not-readable',
    summary: "Ollama's files may not be read",
    detail: `${store}: ${code}. Ollama itself never checks them again.`,
    remedy: `Run the command as a user that may read them:\n\n    sudo -u ollama modelctl verify`,
  });
