// One llama-server in router mode, and what modelctl keeps for it, as seen at one moment. Reads only.
import type { OciStore } from '../../artifacts/stores/oci/blobs.ts';
import { readNames, type StoredName } from '../../artifacts/stores/oci/read.ts';
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import { errorCode, isAbsent } from '../../io/error-code.ts';
import type { Io } from '../../io/io.ts';
import type { BackendContext } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { props } from './client.ts';
import { howToStart, noSharedStore, presetNotRead, singleModel } from './failures.ts';
import { areFilesThere } from './files.ts';
import { placeProblem, presetPath } from './place.ts';
import { isTruthy, type PresetFile, parsePreset, type Section } from './preset.ts';
import { type ServedSection, sectionsOf } from './sections.ts';
import type { ListedModel, Props } from './translate.ts';

export interface Router {
  readonly engine: Engine;
  readonly store: OciStore;
  readonly preset: string;
}

export type RouterProps = Extract<Props, { role: 'router' }>;

/** Throws ProblemError where there is nowhere to keep anything. */
export function routerOf(engine: Engine, store: string | null, io: Io): Router {
  if (store === null) throw new ProblemError(noSharedStore(engine.label));
  const problem = placeProblem(store);
  if (problem !== null) throw new ProblemError(problem);
  return { engine, store: { path: store, io }, preset: presetPath(store) };
}

/** Throws ProblemError for a server that is none. */
export async function routerProps(router: Router, context: BackendContext): Promise<RouterProps> {
  const found = await props(router.engine, context);
  if (found.role === 'router') return found;
  const start = await startRemedy(router);
  throw new ProblemError(singleModel(router.engine.label, found.model, start));
}

async function startRemedy({ engine, preset, store }: Router): Promise<string> {
  const isThere = (await store.io.files.stat(preset)) !== null;
  return howToStart(engine.endpoint, preset, isThere);
}

export async function notRead(router: Router): Promise<Problem> {
  return presetNotRead(router.engine.label, router.preset, await startRemedy(router));
}

/** What is kept, and what the preset file should say of it. */
export interface Kept {
  readonly names: readonly StoredName[];
  /** Null when there is no file. */
  readonly text: string | null;
  readonly file: PresetFile;
  readonly sections: readonly ServedSection[];
}

/** `mark` says which sections are to be loaded with the server; default: those that are now. */
export async function readKept(
  { store, preset }: Router,
  mark: (now: ReadonlySet<string>, file: PresetFile) => ReadonlySet<string> = (now) => now,
): Promise<Kept> {
  const names = await readNames(store);
  const text = await readPreset(store, preset);
  const file = parsePreset(text ?? '');
  return {
    names,
    text,
    file,
    sections: sectionsOf(store.path, names, mark(marked(file.own), file)),
  };
}

export const marked = (sections: readonly Section[]): ReadonlySet<string> =>
  new Set(
    sections
      .filter(({ options }) => isTruthy(options.get('load-on-startup')))
      .map((one) => one.name),
  );

const presetBytesMax = 16 * 1024 * 1024;

async function readPreset({ io }: OciStore, path: string): Promise<string | null> {
  try {
    return Buffer.from(await io.files.readBytes(path, presetBytesMax)).toString('utf8');
  } catch (error) {
    if (isAbsent(error)) return null;
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw new ProblemError(unreadable(path, code), { cause: error });
  }
}

const unreadable = (path: string, code: string): Problem =>
  errorProblem({
    code: 'backend/preset-unreadable',
    summary: 'The preset file of a llama-server cannot be read',
    detail: `${path} cannot be read (${code}).`,
    remedy: 'Give your user the right to read and write it.',
    retry: 'later',
  });

/** Whether the server knows of the last change of a section. */
export const isRead = ({ name, tag }: ServedSection, models: readonly ListedModel[]): boolean =>
  models.some(({ id, tags }) => id === name && tags.includes(tag));

const isWritten = ({ name, options }: ServedSection, { own }: PresetFile): boolean => {
  const found = own.find((one) => one.name === name)?.options;
  return (
    found?.size === options.size && [...options].every(([key, value]) => found.get(key) === value)
  );
};

/** Stored, linked, written down and read: clients are served what the name holds. */
export const isServed = async (
  router: Router,
  section: ServedSection,
  { file }: Kept,
  models: readonly ListedModel[],
): Promise<boolean> =>
  isRead(section, models) &&
  isWritten(section, file) &&
  (await areFilesThere(router.store, section));
