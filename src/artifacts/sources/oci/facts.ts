// What a config blob says of a model, in the forms of ModelPack and of Docker. Pure.
import type { ArtifactFacts } from '../../../core/artifact.ts';
import { isObject, parseObject } from '../../../core/json-object.ts';
import { knownFacts, parameterCount, wholeNumber, word } from '../../distribution/config-fields.ts';

/** Empty where the text is no config of a model. */
export function factsOf(text: string): ArtifactFacts {
  const document = parseObject(text) ?? {};
  const config = isObject(document['config']) ? document['config'] : {};
  const about = isObject(document['descriptor']) ? document['descriptor'] : {};
  const licences: readonly unknown[] = Array.isArray(about['licenses']) ? about['licenses'] : [];
  return knownFacts({
    format: word(config['format'])?.toLowerCase() ?? null,
    architecture: word(config['architecture']) ?? word(about['family']),
    quantization: word(config['quantization']),
    contextLength: wholeNumber(config['context_size']),
    parameters: parameterCount(config['paramSize'] ?? config['parameters']),
    license: word(licences[0]),
  });
}
