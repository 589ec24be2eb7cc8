// A LoRA adapter for the tiny llama models of tiny-gguf.mjs: on top of any of them it ends every
// answer before the first word, so whether it was applied is visible in what is said.
import { ggufBytes } from './gguf-bytes.ts';

/** `vocabulary`: special and byte tokens, a space, and the words that the model says. */
export function tinyAdapter({ embedding = 64, vocabulary = 264 } = {}): Buffer {
  const first = 32 * Math.ceil((embedding * 4) / 32);
  const dataBytes = first + vocabulary * 4;
  const bytes = ggufBytes({
    pairs: [
      { key: 'general.architecture', type: 'string', value: 'llama' },
      { key: 'general.type', type: 'string', value: 'adapter' },
      { key: 'adapter.type', type: 'string', value: 'lora' },
      { key: 'adapter.lora.alpha', type: 'f32', value: 1 },
    ],
    tensors: [
      { name: 'output.weight.lora_a', dimensions: [embedding, 1], offset: 0 },
      { name: 'output.weight.lora_b', dimensions: [1, vocabulary], offset: first },
    ],
    dataBytes,
  });
  const data = bytes.length - dataBytes;
  for (let at = 0; at < embedding; at += 1) bytes.writeFloatLE(1, data + at * 4);
  bytes.writeFloatLE(100, data + first + endOfText * 4);
  return bytes;
}

const endOfText = 2;
