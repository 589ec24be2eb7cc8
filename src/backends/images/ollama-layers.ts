// What artifacts from registries of Ollama's kind bring beside their weights, in forms that only Ollama
// takes. Pure.
import { type Problem, warningProblem } from '../../core/problem.ts';
import type { ModelRequest } from '../backend.ts';
import { unsupported } from '../unsupported.ts';

const adapterLayer = 'application/vnd.ollama.image.adapter';

/** An adapter that belongs to the weights: without it, the model would be another. */
export const adapterProblems = (
  artifact: ModelRequest['artifact'],
  engine: string,
): readonly Problem[] =>
  artifact?.files.some(({ mediaType }) => mediaType === adapterLayer) === true
    ? [
        unsupported(
          'spec.source',
          `This model is an adapter on top of its weights, which ${engine} would leave out.`,
          'Name the weights in spec.source and the adapter in spec.derive.adapters, or use an Ollama.',
        ),
      ]
    : [];

/** What a registry of Ollama's kind says beside the weights, in that engine's own forms. */
const ollamaLayers: Readonly<Record<string, string>> = {
  'application/vnd.ollama.image.template': 'template',
  'application/vnd.ollama.image.system': 'system prompt',
  'application/vnd.ollama.image.params': 'parameters',
  'application/vnd.ollama.image.messages': 'messages',
};

/** `engine` begins a sentence. */
export function unusedLayers(
  artifact: ModelRequest['artifact'],
  engine: string,
): readonly Problem[] {
  const unused = (artifact?.files ?? []).flatMap(
    ({ mediaType = '' }) => ollamaLayers[mediaType] ?? [],
  );
  if (unused.length === 0) return [];
  return [
    warningProblem({
      code: 'backend/unused-layers',
      summary: 'A part of a model is not used',
      detail: `${engine} takes the weights of ${artifact?.source ?? ''}, and the chat template that is in them; what is said of ${unused.join(', ')} is for Ollama only.`,
      remedy: 'Say in spec.derive what the model should have of it.',
      path: 'spec.source',
    }),
  ];
}
