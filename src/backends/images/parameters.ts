// The sampling parameters of recipes: Ollama's names, as far as engines of llama.cpp's kind have them.
// Pure.
import type { ParameterValue } from '../../core/desired.ts';

type Check = (value: ParameterValue) => boolean;

const isNumber: Check = (value) => typeof value === 'number';
const atLeast =
  (min: number): Check =>
  (value) =>
    typeof value === 'number' && value >= min;
const integerFrom =
  (min: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min;
const isTexts: Check = (value) =>
  typeof value === 'string' ||
  (Array.isArray(value) && value.every((one) => typeof one === 'string'));

export type ParameterChecks = Readonly<
  Record<string, { readonly is: Check; readonly wanted: string }>
>;

export const parameterChecks: ParameterChecks = {
  temperature: { is: atLeast(0), wanted: 'a number of at least 0' },
  top_k: { is: integerFrom(0), wanted: 'a whole number of at least 0' },
  top_p: { is: atLeast(0), wanted: 'a number of at least 0' },
  min_p: { is: atLeast(0), wanted: 'a number of at least 0' },
  seed: { is: integerFrom(Number.MIN_SAFE_INTEGER), wanted: 'a whole number' },
  repeat_penalty: { is: atLeast(0), wanted: 'a number of at least 0' },
  frequency_penalty: { is: isNumber, wanted: 'a number' },
  presence_penalty: { is: isNumber, wanted: 'a number' },
  num_predict: { is: integerFrom(-1), wanted: 'a whole number of tokens, or -1 for no limit' },
  stop: { is: isTexts, wanted: 'a text, or a list of texts' },
};
