// One field of one placement, as it is and as it should be: what `diff` shows. Only what both
// sides can know is compared; an engine that does not report a field makes no difference of it.
import { compareText, type Json, sameJson } from './canonical.ts';
import type { DesiredPlacement, Recipe } from './desired.ts';
import { staysLoaded } from './desired.ts';
import type { ObservedPlacement } from './observed.ts';
import { type Action, isServiceAction, type ModelAction } from './plan.ts';

export interface FieldChange {
  /** Dotted, as in `load.contextLength` or `recipe.parameters.temperature`. */
  readonly field: string;
  /** Null: it is not there. */
  readonly before: Json;
  /** Null: it will not be there. */
  readonly after: Json;
}

export interface ActionChanges {
  readonly action: Action;
  readonly changes: readonly FieldChange[];
}

/** Pure. The fields that an action changes, sorted by name. */
export function fieldChanges(
  action: Action,
  desired: DesiredPlacement | null,
  observed: ObservedPlacement | null,
): readonly FieldChange[] {
  if (isServiceAction(action)) return action.kind === 'configure' ? action.changes : [];
  const before = flatten(observedFields(observed));
  const after = action.kind === 'evict' ? new Map<string, Json>() : afterwards(action, desired);
  const fields = action.kind === 'evict' ? before.keys() : after.keys();
  return [...fields]
    .map((field) => ({ field, before: before.get(field) ?? null, after: after.get(field) ?? null }))
    .filter((change) => !sameJson(change.before, change.after))
    .toSorted((a, b) => compareText(a.field, b.field));
}

function afterwards(
  action: ModelAction,
  desired: DesiredPlacement | null,
): ReadonlyMap<string, Json> {
  switch (action.kind) {
    case 'pull':
      return flatten({ content: action.digest ?? action.artifact.revision });
    case 'create':
      return flatten({
        content:
          action.digest ??
          (action.build.kind === 'source' ? action.artifact.revision : 'made anew'),
        ...(action.build.kind === 'alias' ? { aliasOf: action.build.of } : {}),
        ...(action.build.kind === 'derive'
          ? { base: action.build.base, recipe: recipeFields(action.build.recipe) }
          : {}),
      });
    case 'load': {
      const { keepAliveMs: _, ...load } = action.load;
      return flatten({
        loaded: desired !== null && staysLoaded(desired.residency) ? 'to stay' : true,
        load: { ...load },
      });
    }
    case 'unload':
      return new Map<string, Json>([['loaded', false]]);
    case 'evict':
      return new Map();
  }
}

function observedFields(observed: ObservedPlacement | null): Json {
  if (observed === null) return { loaded: false };
  const { digest, loaded, details } = observed;
  const recipe = details === null ? {} : { recipe: recipeFields(details.recipe) };
  if (loaded === null) return { content: digest, loaded: false, ...recipe };
  const stays = loaded.expiresAt === 'never' ? 'to stay' : true;
  return { content: digest, loaded: stays, load: { ...loaded.load }, ...recipe };
}

const recipeFields = (recipe: Recipe): Json => ({
  ...(recipe.system === undefined ? {} : { system: recipe.system }),
  ...(recipe.template === undefined ? {} : { template: recipe.template }),
  ...(recipe.parameters === undefined ? {} : { parameters: recipe.parameters }),
  ...(recipe.adapters === undefined
    ? {}
    : { adapters: recipe.adapters.map((adapter) => adapter.digest) }),
});

function flatten(value: Json): ReadonlyMap<string, Json> {
  const fields = new Map<string, Json>();
  const visit = (at: Json, path: string): void => {
    if (at === null || typeof at !== 'object' || Array.isArray(at)) {
      fields.set(path, at);
      return;
    }
    for (const [key, item] of Object.entries(at)) {
      if (item !== undefined) visit(item, path === '' ? key : `${path}.${key}`);
    }
  };
  visit(value, '');
  return fields;
}
