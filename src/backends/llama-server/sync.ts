// Makes the server serve what the store holds: links, preset file, and a reload, in this order. What
// a reload would end is looked at first, and what it ended of what stays loaded is loaded again. Safe
// to repeat: whatever a crash left undone is done by the next one.
import { inTurn } from '../../artifacts/stores/oci/exclusive.ts';
import type { Digest } from '../../core/digest.ts';
import { ProblemError } from '../../core/problem.ts';
import type { BackendContext } from '../backend.ts';
import { inUse, models, reload } from './client.ts';
import { busyModel, presetRefused, sectionTaken } from './failures.ts';
import { dropUnusedFiles, putFiles } from './files.ts';
import { loadModel } from './memory.ts';
import { nameOfSection } from './names.ts';
import { imageOfPath } from './place.ts';
import { listed, parseSections, renderPreset, type Section } from './preset.ts';
import {
  isRead,
  type Kept,
  marked,
  notRead,
  type Router,
  readKept,
  routerProps,
} from './router.ts';
import { isOurTag, type ServedSection } from './sections.ts';
import { isRunning, type ListedModel } from './translate.ts';

export interface SyncOptions {
  /**
   * The section in question. Those of other names stay as they were accepted: one that the server
   * refuses must not stand in the way of the others.
   */
  readonly section: string;
  /** Whether it is to be loaded with the server from now on; absent: as it is. */
  readonly onStart?: boolean;
}

/** Whether anything had to be done. Throws ProblemError. */
export const sync = (
  router: Router,
  context: BackendContext,
  options: SyncOptions,
): Promise<boolean> => inTurn(router.preset, () => bringUpToDate(router, context, options));

async function bringUpToDate(
  router: Router,
  context: BackendContext,
  options: SyncOptions,
): Promise<boolean> {
  const { engine, store } = router;
  const { slots } = await routerProps(router, context);
  const before = await models(engine, context);
  const kept = await readKept(router, (now, file) => marks(now, file, options, slots ?? 0));
  const changed = kept.sections.find(({ name }) => name === options.section);
  if (changed !== undefined) {
    refuseTaken(router, kept, changed);
    await putFiles(store, changed);
  }
  const own = sectionsToWrite(kept, changed);
  const text = renderPreset({ ...kept.file, own });
  const isEmpty = kept.text === null && own.length === 0;
  const isRewritten = text !== kept.text && !isEmpty;
  const stale = staleModels(before, own);
  const isUnread = changed !== undefined && !isRead(changed, before);
  if (isRewritten || isUnread || stale.length > 0) {
    await refuseBusy(router, context, stale);
    if (isRewritten) await store.io.files.writeAtomic(router.preset, text);
    await readAnew(router, context, kept, changed);
    await loadAgain(router, context, stale, own, slots);
  }
  await dropUnusedFiles(store, imagesOf(router, kept, own));
  return isRewritten || isUnread || stale.length > 0;
}

/** With more of these than it has places for, the server would not start; so it would without a limit. */
function marks(
  now: ReadonlySet<string>,
  { before, after }: Kept['file'],
  { section, onStart }: SyncOptions,
  placesMax: number,
): ReadonlySet<string> {
  const others = marked([...parseSections(before), ...parseSections(after)]);
  const next = new Set(now);
  if (onStart === false || placesMax === 0) next.delete(section);
  else if (onStart === true && next.size + others.size < placesMax) next.add(section);
  return next;
}

function sectionsToWrite(
  { sections, file }: Kept,
  changed: ServedSection | undefined,
): readonly Section[] {
  return sections.flatMap((section): Section[] => {
    if (section.name === changed?.name) return [changed];
    const accepted = file.own.find(({ name }) => name === section.name);
    return accepted === undefined ? [] : [accepted];
  });
}

function refuseTaken({ preset }: Router, kept: Kept, { name, served }: ServedSection): void {
  const others = othersIn(kept);
  if (others.has(name) || others.has(served)) throw new ProblemError(sectionTaken(preset, served));
}

async function refuseBusy(
  { engine }: Router,
  context: BackendContext,
  stale: readonly ListedModel[],
): Promise<void> {
  for (const { id, state } of stale) {
    if (state === 'loaded' && (await inUse(engine, context, id)) === true) {
      throw new ProblemError(busyModel(nameOfSection(id)));
    }
  }
}

function imagesOf(
  { store }: Router,
  { names }: Kept,
  own: readonly Section[],
): ReadonlySet<Digest> {
  const written = own.flatMap(
    ({ options }) => imageOfPath(store.path, options.get('model') ?? '') ?? [],
  );
  return new Set([...names.map(({ digest }) => digest), ...written]);
}

/** Names that sections of others take. */
function othersIn({ file: { before, after } }: Kept): ReadonlySet<string> {
  const sections = [...parseSections(before), ...parseSections(after)];
  return new Set(sections.flatMap(({ name, options }) => [name, ...listed(options.get('alias'))]));
}

/** What runs as sections of ours said before, which they no longer do. */
const staleModels = (
  all: readonly ListedModel[],
  own: readonly Section[],
): readonly ListedModel[] =>
  all.filter((model) => {
    const section = own.find(({ name }) => name === model.id);
    if (section === undefined) return model.tags.some(isOurTag);
    return isRunning(model) && !model.tags.includes(section.options.get('tags') ?? '');
  });

/** A file that the server refuses is put back, and read: until it reads one, it loads nothing more. */
async function readAnew(
  router: Router,
  context: BackendContext,
  kept: Kept,
  changed: ServedSection | undefined,
): Promise<void> {
  const { engine, store, preset } = router;
  const reloaded = await reload(engine, context);
  if (reloaded.kind === 'refused') {
    await store.io.files.writeAtomic(preset, kept.text ?? renderPreset({ ...kept.file, own: [] }));
    await reload(engine, context);
    throw new ProblemError(presetRefused(engine.label, preset, reloaded.detail));
  }
  if (changed !== undefined && !isRead(changed, reloaded.models)) {
    throw new ProblemError(await notRead(router));
  }
}

async function loadAgain(
  { engine }: Router,
  context: BackendContext,
  ended: readonly ListedModel[],
  own: readonly Section[],
  slots: number | null,
): Promise<void> {
  const staying = marked(own);
  for (const { id, state } of ended) {
    const isWritten = own.some(({ name }) => name === id);
    if (!isWritten || state === 'sleeping' || (slots !== null && !staying.has(id))) continue;
    await loadModel(engine, context, { id, name: nameOfSection(id) });
  }
}
