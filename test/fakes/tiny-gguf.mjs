#!/usr/bin/env node
// Writes a tiny but valid GGUF v3 model (llama or bert architecture) from nothing:
// no downloaded weights, no dependencies, same bytes for the same options everywhere.
//
//   node test/fakes/tiny-gguf.mjs out.gguf --arch llama --type f16 --seed 1 --says "modelctl is ready ."
//
// The llama model is a real two-block transformer, yet what it says is chosen: the output
// matrix is built so that each word of `says` is the most likely successor of the one
// before it, and the last is followed by end-of-text. Two "versions" of a model are told
// apart by asking them something (greedy sampling).
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const GGUF = { U32: 4, I32: 5, F32: 6, BOOL: 7, STR: 8, ARR: 9 };
const TYPES = {
  // name: [ggml type id, general.file_type, block length, bytes per block]
  f32: [0, 0, 1, 4],
  f16: [1, 1, 1, 2],
  q4_0: [2, 2, 32, 18],
  q8_0: [8, 7, 32, 34],
};
const ALIGN = 32;

/** Integer-only PRNG (mulberry32); values are exact doubles, so no libm differences. */
function rng(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) | 0) / 0x80000000; // uniform in [-1, 1)
  };
}

/** IEEE binary16 bits of a finite number, round to nearest even. */
function f16(x) {
  const f = new Float32Array([x]);
  const u = new Uint32Array(f.buffer)[0];
  const sign = (u >>> 16) & 0x8000;
  const exp = ((u >>> 23) & 0xff) - 112;
  let man = u & 0x7fffff;
  if (exp >= 31) return sign | 0x7c00;
  if (exp <= 0) {
    if (exp < -10) return sign;
    man |= 0x800000;
    const shift = 14 - exp;
    const half = man >>> shift;
    const rest = man & ((1 << shift) - 1);
    const mid = 1 << (shift - 1);
    return sign | (half + (rest > mid || (rest === mid && half & 1) ? 1 : 0));
  }
  const half = (exp << 10) | (man >>> 13);
  const rest = man & 0x1fff;
  return sign | (half + (rest > 0x1000 || (rest === 0x1000 && half & 1) ? 1 : 0));
}

function encode(values, type) {
  const [, , block, size] = TYPES[type];
  const out = Buffer.alloc((values.length / block) * size);
  if (type === 'f32') values.forEach((v, i) => out.writeFloatLE(v, i * 4));
  else if (type === 'f16') values.forEach((v, i) => out.writeUInt16LE(f16(v), i * 2));
  else
    for (let b = 0; b * 32 < values.length; b++) {
      const part = values.slice(b * 32, b * 32 + 32);
      const big = part.reduce((m, v) => (Math.abs(v) > Math.abs(m) ? v : m), 0);
      const d = type === 'q8_0' ? Math.abs(big) / 127 : big / -8;
      out.writeUInt16LE(f16(d), b * size);
      const q = part.map((v) => (d === 0 ? 0 : v / d));
      if (type === 'q8_0') q.forEach((v, i) => out.writeInt8(Math.round(v), b * size + 2 + i));
      else
        for (let i = 0; i < 16; i++) {
          const nib = (v) => Math.max(0, Math.min(15, Math.floor(v + 8.5)));
          out[b * size + 2 + i] = nib(q[i]) | (nib(q[i + 16]) << 4);
        }
    }
  return out;
}

function writer() {
  const parts = [];
  const num = (n, method, v) => {
    const b = Buffer.alloc(n);
    b[method](v);
    parts.push(b);
  };
  const w = {
    u32: (v) => num(4, 'writeUInt32LE', v),
    u64: (v) => num(8, 'writeBigUInt64LE', BigInt(v)),
    str: (s) => {
      const b = Buffer.from(s, 'utf8');
      w.u64(b.length);
      parts.push(b);
    },
    raw: (b) => parts.push(b),
    value: (type, v) => {
      if (type === GGUF.STR) w.str(v);
      else if (type === GGUF.BOOL) parts.push(Buffer.from([v ? 1 : 0]));
      else if (type === GGUF.F32) num(4, 'writeFloatLE', v);
      else if (type === GGUF.I32) num(4, 'writeInt32LE', v);
      else w.u32(v);
    },
    bytes: () => Buffer.concat(parts),
  };
  return w;
}

/** kv: [key, type, value] or [key, ARR, itemType, values]; tensors: {name, dims, type, data}. */
function container(kv, tensors) {
  const w = writer();
  w.raw(Buffer.from('GGUF'));
  w.u32(3);
  w.u64(tensors.length);
  w.u64(kv.length);
  for (const [key, type, a, b] of kv) {
    w.str(key);
    w.u32(type);
    if (type === GGUF.ARR) {
      w.u32(a);
      w.u64(b.length);
      for (const v of b) w.value(a, v);
    } else w.value(type, a);
  }
  let offset = 0;
  const pad = (n) => (ALIGN - (n % ALIGN)) % ALIGN;
  for (const t of tensors) {
    w.str(t.name);
    w.u32(t.dims.length);
    for (const d of t.dims) w.u64(d);
    w.u32(TYPES[t.type][0]);
    w.u64(offset);
    offset += t.data.length + pad(t.data.length);
  }
  const head = w.bytes();
  const out = [head, Buffer.alloc(pad(head.length))];
  for (const t of tensors) out.push(t.data, Buffer.alloc(pad(t.data.length)));
  return Buffer.concat(out);
}

export function tinyGguf(options = {}) {
  const {
    arch = 'llama',
    type = 'f16',
    seed = 1,
    embd = 64,
    blocks = 2,
    heads = 4,
    kvHeads = 2,
    ffn = 128,
    context = 2048,
    says = 'modelctl is ready .',
    name = 'tiny',
  } = options;
  const next = rng(seed);
  const tensors = [];
  const add = (tensorName, dims, make, as = dims.length > 1 ? type : 'f32') => {
    const values = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => make(i));
    tensors.push({ name: tensorName, dims, type: as, data: encode(values, as) });
    return values;
  };
  const wide = 8 / Math.sqrt(embd); // keeps the noise in proportion at other widths
  const noise = (scale) => () => next() * scale;
  const one = () => 1;
  const small = noise(0.02);
  const p = (k) => `${arch}.${k}`;
  const { STR, U32, F32, I32, BOOL, ARR } = GGUF;
  const kv = [
    ['general.architecture', STR, arch],
    ['general.type', STR, 'model'],
    ['general.name', STR, name],
    ['general.license', STR, 'cc0-1.0'],
    ['general.file_type', U32, TYPES[type][1]],
    ['general.quantization_version', U32, 2],
    [p('context_length'), U32, context],
    [p('embedding_length'), U32, embd],
    [p('block_count'), U32, blocks],
    [p('feed_forward_length'), U32, ffn],
    [p('attention.head_count'), U32, heads],
  ];

  if (arch === 'bert') {
    const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
    for (let c = 33; c < 127; c++)
      words.push(`\u2581${String.fromCharCode(c)}`, String.fromCharCode(c));
    kv.push(
      [p('attention.layer_norm_epsilon'), F32, 1e-12],
      [p('attention.causal'), BOOL, false],
      [p('pooling_type'), U32, 1],
      ['tokenizer.ggml.model', STR, 'bert'],
      ['tokenizer.ggml.pre', STR, 'default'],
      ['tokenizer.ggml.token_type_count', U32, 2],
      ['tokenizer.ggml.tokens', ARR, STR, words],
      ['tokenizer.ggml.token_type', ARR, I32, words.map((_, i) => (i < 5 ? 3 : 1))],
    );
    ['padding', 'unknown', 'cls', 'seperator', 'mask'].forEach((k, i) =>
      kv.push([`tokenizer.ggml.${k}_token_id`, U32, i]),
    );
    add('token_embd.weight', [embd, words.length], noise(1));
    add('token_types.weight', [embd, 2], small, 'f32');
    add('position_embd.weight', [embd, context], small, 'f32');
    const norm = (n) => (add(`${n}.weight`, [embd], one), add(`${n}.bias`, [embd], small));
    const dense = (n, i, o) => (
      add(`${n}.weight`, [i, o], noise(0.1)), add(`${n}.bias`, [o], small)
    );
    norm('token_embd_norm');
    for (let b = 0; b < blocks; b++) {
      for (const k of ['attn_q', 'attn_k', 'attn_v', 'attn_output'])
        dense(`blk.${b}.${k}`, embd, embd);
      norm(`blk.${b}.attn_output_norm`);
      dense(`blk.${b}.ffn_up`, embd, ffn);
      dense(`blk.${b}.ffn_down`, ffn, embd);
      norm(`blk.${b}.layer_output_norm`);
    }
    return container(kv, tensors);
  }

  // SentencePiece-style vocabulary: 3 special, 256 byte tokens, "▁", then the spoken words.
  const spoken = says.split(' ').map((s) => `\u2581${s}`);
  const words = [...new Set(spoken)];
  if (words.length !== spoken.length) throw new Error('says: each word may occur once');
  const bytes = Array.from(
    { length: 256 },
    (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, '\u2581', ...words];
  const first = tokens.length - words.length;
  // <unk> unknown = 2, <s> and </s> control = 3, byte = 6, normal = 1
  const kinds = tokens.map((_, i) => (i === 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1));
  const headDim = embd / heads;
  kv.push(
    [p('vocab_size'), U32, tokens.length],
    [p('attention.head_count_kv'), U32, kvHeads],
    [p('attention.layer_norm_rms_epsilon'), F32, 1e-5],
    [p('rope.dimension_count'), U32, headDim],
    [p('rope.freq_base'), F32, 10000],
    ['tokenizer.ggml.model', STR, 'llama'],
    ['tokenizer.ggml.pre', STR, 'default'],
    ['tokenizer.ggml.tokens', ARR, STR, tokens],
    ['tokenizer.ggml.scores', ARR, F32, tokens.map((_, i) => (i < 259 ? 0 : -(i - 258)))],
    ['tokenizer.ggml.token_type', ARR, I32, kinds],
    ['tokenizer.ggml.unknown_token_id', U32, 0],
    ['tokenizer.ggml.bos_token_id', U32, 1],
    ['tokenizer.ggml.eos_token_id', U32, 2],
    ['tokenizer.ggml.add_bos_token', BOOL, true],
    ['tokenizer.ggml.add_eos_token', BOOL, false],
    ['tokenizer.ggml.add_space_prefix', BOOL, false],
    [
      'tokenizer.chat_template',
      STR,
      "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\n' }}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}",
    ],
  );

  // Channel 0 marks "anything else", channel 1+i the i-th spoken word; the rest is noise.
  const channel = (t) => (t < first ? 0 : 1 + t - first);
  if (1 + words.length > embd) throw new Error('says: too many words for this embedding size');
  add(
    'token_embd.weight',
    [embd, tokens.length],
    (i) => next() * 0.1 * wide + (i % embd === channel(Math.floor(i / embd)) ? 1 : 0),
  );
  const out = Array.from({ length: embd * tokens.length }, () => 0);
  const follows = (after, ch) => (out[after * embd + ch] = 4);
  words.forEach((_, i) => follows(first + i, i)); // whatever was asked -> word 0 -> word 1 ...
  follows(2, words.length); // last word -> </s>
  add('output.weight', [embd, tokens.length], (i) => out[i]);
  add('output_norm.weight', [embd], one);
  for (let b = 0; b < blocks; b++) {
    const n = (k) => `blk.${b}.${k}.weight`;
    add(n('attn_norm'), [embd], one);
    add(n('attn_q'), [embd, embd], noise(0.1 * wide));
    add(n('attn_k'), [embd, headDim * kvHeads], noise(0.1 * wide));
    add(n('attn_v'), [embd, headDim * kvHeads], noise(0.1 * wide));
    add(n('attn_output'), [embd, embd], noise(0.01 * wide));
    add(n('ffn_norm'), [embd], one);
    add(n('ffn_gate'), [embd, ffn], noise(0.1 * wide));
    add(n('ffn_up'), [embd, ffn], noise(0.1 * wide));
    add(n('ffn_down'), [ffn, embd], noise(0.01 * wide));
  }
  return container(kv, tensors);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [file, ...rest] = process.argv.slice(2);
  const options = {};
  for (let i = 0; i < rest.length; i += 2) {
    const v = rest[i + 1];
    options[rest[i].replace(/^--/, '')] = /^\d+$/.test(v) ? Number(v) : v;
  }
  if (!file)
    throw new Error(
      'usage: tiny-gguf.mjs OUT.gguf [--arch llama|bert] [--type f32|f16|q8_0|q4_0] [--seed N] [--says TEXT]',
    );
  const bytes = tinyGguf(options);
  writeFileSync(file, bytes);
  console.log(`${createHash('sha256').update(bytes).digest('hex')}  ${bytes.length}  ${file}`);
}
