// Makes the server serve what the store holds: links, preset file, and a reload, in this order. What
// a reload would end is looked at first, and what it ended of what stays loaded is loaded again. Safe
// to repeat: whatever a crash left undone is done by the next one.
import { inTurn } from '../../artifacts/stores/oci/exclusive.ts';
import { ProblemError } from '../../core/problem.ts';
import type { BackendContext } from '../backend.ts';
import { inUse, models, reload } from './client.ts';
import { busyModel, presetRefused, sectionTaken } from './failures.ts';
import { dropUnusedFiles, putFiles } from './files.ts';
import { loadModel } from './memory.ts';
import { listed, parseSections, renderPreset } from './preset.ts';
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
  /** A section that is to be loaded with the server from now on, or no longer. */
  readonly mark?: { readonly section: string; readonly onStart: boolean };
}

/** Whether anything had to be done. Throws ProblemError. */
export const sync = (
  router: Router,
  context: BackendContext,
  options: SyncOptions = {},
): Promise<boolean> => inTurn(router.preset, () => bringUpToDate(router, context, options));

async function bringUpToDate(
  router: Router,
  context: BackendContext,
  options: SyncOptions,
): Promise<boolean> {
  const { engine, store } = router;
  const { slots } = await routerProps(router, context);
  const before = await models(engine, context);
  const kept = await readKept(router, (sections, { before: above, after: below }) => {
    const others = marked([...parseSections(above), ...parseSections(below)]);
    return marks(sections, options, Math.max(0, (slots ?? 0) - others.size));
  });
  const { sections, file } = kept;
  const others = othersIn(kept);
  const taken = sections.find(({ name, served }) => others.has(name) || others.has(served));
  if (taken !== undefined) throw new ProblemError(sectionTaken(router.preset, taken.served));
  for (const section of sections) await putFiles(store, section);
  const text = renderPreset({ ...file, own: sections });
  const isEmpty = kept.text === null && sections.length === 0;
  const isRewritten = text !== kept.text && !isEmpty;
  const stale = staleModels(before, sections);
  const isUnread = sections.some((section) => !isRead(section, before));
  if (!isRewritten && !isUnread && stale.length === 0) {
    await dropUnusedFiles(store, new Set(kept.names.map(({ digest }) => digest)));
    return false;
  }
  for (const { id, state } of stale) {
    if (state === 'loaded' && (await inUse(engine, context, id)) === true) {
      throw new ProblemError(busyModel(id));
    }
  }
  if (isRewritten) await store.io.files.writeAtomic(router.preset, text);
  await readAnew(router, context, kept);
  await loadAgain(router, context, stale, sections, slots);
  await dropUnusedFiles(store, new Set(kept.names.map(({ digest }) => digest)));
  return true;
}

/** With more of these than it has places for, the server would not start; so it would without a limit. */
function marks(
  before: ReadonlySet<string>,
  { mark }: SyncOptions,
  placesMax: number,
): ReadonlySet<string> {
  const after = new Set(before);
  if (mark?.onStart === false) after.delete(mark.section);
  if (mark?.onStart === true) after.add(mark.section);
  return new Set([...after].slice(0, placesMax));
}

/** Names that sections of others take. */
function othersIn({ file: { before, after } }: Kept): ReadonlySet<string> {
  const sections = [...parseSections(before), ...parseSections(after)];
  return new Set(sections.flatMap(({ name, options }) => [name, ...listed(options.get('alias'))]));
}

/** What runs as sections of ours said before, which they no longer do. */
const staleModels = (
  all: readonly ListedModel[],
  sections: readonly ServedSection[],
): readonly ListedModel[] =>
  all.filter((model) => {
    const section = sections.find(({ name }) => name === model.id);
    if (section === undefined) return model.tags.some(isOurTag);
    return isRunning(model) && !model.tags.includes(section.tag);
  });

/** A file that the server refuses is put back, and read: until it reads one, it loads nothing more. */
async function readAnew(router: Router, context: BackendContext, kept: Kept): Promise<void> {
  const { engine, store, preset } = router;
  const reloaded = await reload(engine, context);
  if (reloaded.kind === 'refused') {
    await store.io.files.writeAtomic(preset, kept.text ?? renderPreset({ ...kept.file, own: [] }));
    await reload(engine, context);
    throw new ProblemError(presetRefused(engine.label, preset, reloaded.detail));
  }
  if (kept.sections.some((section) => !isRead(section, reloaded.models))) {
    throw new ProblemError(await notRead(router));
  }
}

async function loadAgain(
  { engine }: Router,
  context: BackendContext,
  ended: readonly ListedModel[],
  sections: readonly ServedSection[],
  slots: number | null,
): Promise<void> {
  const staying = marked(sections);
  for (const { id, state } of ended) {
    const section = sections.find(({ name }) => name === id);
    if (section === undefined || state === 'sleeping') continue;
    if (slots === null || staying.has(id))
      await loadModel(engine, context, { id, name: section.served });
  }
}
