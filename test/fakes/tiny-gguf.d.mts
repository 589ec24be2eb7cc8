export interface TinyGgufOptions {
  readonly arch?: 'llama' | 'bert';
  readonly type?: 'f32' | 'f16' | 'q8_0' | 'q4_0';
  readonly seed?: number;
  readonly embd?: number;
  readonly blocks?: number;
  readonly heads?: number;
  readonly kvHeads?: number;
  readonly ffn?: number;
  readonly context?: number;
  /** Words that may each occur once: what the model answers, whatever it is asked. */
  readonly says?: string;
  readonly name?: string;
}

/** A tiny but valid GGUF model: the same bytes for the same options everywhere. */
export function tinyGguf(options?: TinyGgufOptions): Buffer;
