// What engines of llama.cpp's kind take of an artifact: weights in one GGUF file, and a projector
// beside it. Pure. What an artifact holds is only known once its source was asked.
import type { Artifact, ArtifactFile } from '../core/artifact.ts';
import type { Problem } from '../core/problem.ts';
import { unsupported } from './unsupported.ts';

/**
 * Why the weights cannot be taken; nothing while it is not known what they are. Files that GGUF was
 * split into are `merged` by some engines, and have to be one for others.
 */
export function weightsProblems(
  artifact: Artifact | undefined,
  split: 'merged' | 'refused',
): readonly Problem[] {
  if (artifact === undefined) return [];
  const { files, facts, source, weights } = artifact;
  if (split === 'refused' && !files.some((file) => file.digest === weights)) {
    return [
      unsupported(
        'spec.source',
        `The weights of ${source} are spread over several files, and this engine takes one.`,
        'Choose a version of the model in one GGUF file, or merge it with llama-gguf-split.',
      ),
    ];
  }
  if (facts.format === undefined || facts.format === 'gguf') return [];
  return [
    unsupported(
      'spec.source',
      `The weights of ${source} are in the format ${facts.format}; this engine takes GGUF.`,
      'Choose a version of the model in GGUF.',
    ),
  ];
}

/** The weights, and what else is GGUF beside them; licences and templates stay outside. */
export const importedFiles = ({ files, weights }: Artifact): readonly ArtifactFile[] =>
  files.filter((file) => file.digest === weights || /\.gguf$/i.test(file.path));
