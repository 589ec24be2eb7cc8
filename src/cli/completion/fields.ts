// Paths into manifests that `explain` can be asked for, one level beyond what was typed. Pure.
import { explain } from '../../manifest/explain.ts';
import type { Candidate } from './candidates.ts';

/** `model.spec.ru` gives all fields of `model.spec`; an unknown path gives none. */
export function fieldsLike(typed: string): readonly Candidate[] {
  const parent = typed.includes('.') ? typed.slice(0, typed.lastIndexOf('.')) : '';
  const explained = explain(parent);
  if (!explained.ok) return [];
  return explained.value.fields.map(({ path, description }) => ({
    text: path,
    description: description.split(/(?<=\.)\s/)[0] ?? '',
  }));
}
