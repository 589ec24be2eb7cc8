// What a config blob says of a model, in the forms of ModelPack and of Docker. Shown to people, so
// what is absent or odd is left out. Pure.
import type { ArtifactFacts } from '../../../core/artifact.ts';
import { isObject, parseObject } from '../../../core/json-object.ts';

/** Empty where the text is no config of a model. */
export function factsOf(text: string): ArtifactFacts {
  const document = parseObject(text) ?? {};
  const config = isObject(document['config']) ? document['config'] : {};
  const about = isObject(document['descriptor']) ? document['descriptor'] : {};
  const licences: readonly unknown[] = Array.isArray(about['licenses']) ? about['licenses'] : [];
  const format = word(config['format'])?.toLowerCase();
  const architecture = word(config['architecture']) ?? word(about['family']);
  const quantization = word(config['quantization']);
  const contextLength = config['context_size'];
  const parameters = count(config['paramSize'] ?? config['parameters']);
  const license = word(licences[0]);
  return {
    ...(format === undefined ? {} : { format }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(quantization === undefined ? {} : { quantization }),
    ...(typeof contextLength === 'number' &&
    Number.isSafeInteger(contextLength) &&
    contextLength > 0
      ? { contextLength }
      : {}),
    ...(parameters === undefined ? {} : { parameters }),
    ...(license === undefined ? {} : { license }),
  };
}

const word = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[\w.+-]{1,64}$/.test(value) ? value : undefined;

const scales: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, B: 1e9, T: 1e12 };

/** A number of parameters as `8b`, `361.82 M`. */
function count(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const match = /^(\d{1,6}(?:\.\d{1,6})?) ?([KMBT]?)$/i.exec(value);
  const scale = scales[match?.[2]?.toUpperCase() ?? '-'];
  return match === null || scale === undefined ? undefined : Math.round(Number(match[1]) * scale);
}
