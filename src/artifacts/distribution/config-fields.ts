// Fields of config blobs as others write them, read back: what is absent or odd is null, since
// facts are for people and nothing depends on them. Pure.
import type { ArtifactFacts } from '../../core/artifact.ts';

export const word = (value: unknown): string | null =>
  typeof value === 'string' && /^[\w.+-]{1,64}$/.test(value) ? value : null;

export const wholeNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;

const scales: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, B: 1e9, T: 1e12 };

/** A number of parameters as `8.2B` (Ollama), `8b` (ModelPack) or `361.82 M` (Docker). */
export function parameterCount(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  const match = /^(\d{1,6}(?:\.\d{1,6})?) ?([KMBT]?)$/i.exec(value);
  const scale = scales[match?.[2]?.toUpperCase() ?? '-'];
  return match === null || scale === undefined ? null : Math.round(Number(match[1]) * scale);
}

/** Facts without those that are null. */
export const knownFacts = (
  fields: {
    readonly [K in keyof ArtifactFacts]: ArtifactFacts[K] | null;
  },
): ArtifactFacts =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
