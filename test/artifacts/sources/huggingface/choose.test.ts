// Which files a reference means, by the names in the repository alone.
import { describe, expect, it } from 'vitest';
import {
  chooseFile,
  chooseGguf,
  chooseProjector,
  quantizationIn,
} from '../../../../src/artifacts/sources/huggingface/choose-gguf.ts';
import {
  chooseSafetensors,
  weightsOfIndex,
} from '../../../../src/artifacts/sources/huggingface/choose-safetensors.ts';
import type { HubFile } from '../../../../src/artifacts/sources/huggingface/translate.ts';
import { digestOf } from '../../../fakes/registry-store.ts';
import { matching, problemOf, valueOf } from '../../world.ts';

const file = (path: string): HubFile => ({
  path,
  bytes: 10,
  digest: digestOf(path),
  gitHash: '0'.repeat(40),
});
const files = (...paths: readonly string[]) => paths.toSorted().map(file);
const chosen = (paths: readonly string[], quantization: string | null) =>
  valueOf(chooseGguf(files(...paths), quantization, 'org/repo')).map(({ path }) => path);
const refusal = (paths: readonly string[], quantization: string | null) =>
  problemOf(chooseGguf(files(...paths), quantization, 'org/repo'));
const shards = (prefix: string, count: number) =>
  Array.from(
    { length: count },
    (_, at) =>
      `${prefix}-${String(at + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.gguf`,
  );

describe('a quantization', () => {
  it.each<[string, readonly string[], string, readonly string[]]>([
    ['is found by its name', ['m-Q4_K_M.gguf', 'm-Q8_0.gguf'], 'Q8_0', ['m-Q8_0.gguf']],
    [
      'is found without regard to case',
      ['m.q4_k_m.gguf', 'm.q8_0.gguf'],
      'Q4_K_M',
      ['m.q4_k_m.gguf'],
    ],
    ['is not the beginning of another', ['m-Q4_K_M.gguf', 'm-Q4_K.gguf'], 'Q4_K', ['m-Q4_K.gguf']],
    ['is not the end of another', ['m-IQ4_NL.gguf', 'm-Q4_NL.gguf'], 'Q4_NL', ['m-Q4_NL.gguf']],
    [
      'is itself before a variant',
      ['m-UD-Q4_K_M.gguf', 'm-Q4_K_M.gguf'],
      'Q4_K_M',
      ['m-Q4_K_M.gguf'],
    ],
    [
      'is a variant where that is all there is',
      ['m-UD-Q4_K_XL.gguf'],
      'Q4_K_XL',
      ['m-UD-Q4_K_XL.gguf'],
    ],
    ['is found in folders', ['Q4/m-Q4_K_M.gguf', 'Q8/m-Q8_0.gguf'], 'Q4_K_M', ['Q4/m-Q4_K_M.gguf']],
    [
      'is never what stands beside a model',
      [
        'mmproj-Q8_0.gguf',
        'mtp-m-Q8_0.gguf',
        'm-imatrix-Q8_0.gguf',
        'eagle3-Q8_0.gguf',
        'dflash-Q8_0.gguf',
        'dspark-Q8_0.gguf',
        'm-Q8_0.gguf',
      ],
      'Q8_0',
      ['m-Q8_0.gguf'],
    ],
    [
      'brings all files of a split',
      [...shards('m-Q8_0', 3), 'm-Q4_0.gguf'],
      'Q8_0',
      shards('m-Q8_0', 3),
    ],
    ['brings a split in a folder', shards('BF16/m-BF16', 2), 'BF16', shards('BF16/m-BF16', 2)],
  ])('%s', (_, paths, quantization, expected) => {
    expect(chosen(paths, quantization)).toEqual(expected);
  });

  it('that is not there is told from those that are', () => {
    const problem = refusal(['m-Q4_K_M.gguf', 'm-Q8_0.gguf', 'mmproj-F16.gguf'], 'Q4_K_N');
    expect(problem).toMatchObject({
      code: 'source/not-found',
      detail: 'org/repo has no quantization Q4_K_N. It has Q4_K_M, Q8_0.',
      remedy: 'Did you mean :Q4_K_M?',
    });
  });

  it('that several models have names them all', () => {
    expect(refusal(['a-Q4_K_M.gguf', 'b-Q4_K_M.gguf'], 'Q4_K_M')).toMatchObject({
      code: 'source/ambiguous',
      detail: matching('a-Q4_K_M.gguf, b-Q4_K_M.gguf'),
      remedy: 'Name the file, as in hf://org/repo/a-Q4_K_M.gguf.',
    });
  });

  it('that is both whole and split is told as two', () => {
    expect(refusal(['m-Q8_0.gguf', ...shards('m-Q8_0', 2)], 'Q8_0').code).toBe('source/ambiguous');
  });

  it.each<[string, readonly string[], RegExp]>([
    ['the first file', shards('m-Q8_0', 3).slice(1), /number 1 is not there/],
    ['a file in the middle', shards('m-Q8_0', 3).filter((_, at) => at !== 1), /number 2 is not/],
    ['the last file', shards('m-Q8_0', 3).slice(0, 2), /number 3 is not there/],
    ['every file but one of very many', ['m-Q8_0-00001-of-99999.gguf'], /number 2 is not there/],
    [
      'nothing, and has one too many',
      [...shards('m-Q8_0', 1), 'm-Q8_0-00002-of-00001.gguf'],
      /speak of 1/,
    ],
  ])('of a split that lacks %s is refused', (_, paths, detail) => {
    expect(refusal(paths, 'Q8_0')).toMatchObject({
      code: 'source/incomplete',
      detail: matching(detail),
    });
  });

  it('of a repository without GGUF is refused with what to do', () => {
    expect(refusal(['model.safetensors'], 'Q8_0')).toMatchObject({
      code: 'source/not-found',
      remedy: matching(/Leave the quantization out/),
    });
  });
});

describe('without a quantization', () => {
  it.each<[readonly string[], string]>([
    [['m-Q8_0.gguf', 'm-Q4_K_M.gguf', 'm-F16.gguf'], 'm-Q4_K_M.gguf'],
    [['m-Q8_0.gguf', 'm-F16.gguf'], 'm-Q8_0.gguf'],
    [['m-Q5_0.gguf', 'm-F16.gguf'], 'm-F16.gguf'],
    [['b.gguf', 'a.gguf', 'mmproj-a.gguf'], 'a.gguf'],
  ])('of %j the choice is %s', (paths, expected) => {
    expect(chosen(paths, null)).toEqual([expected]);
  });
});

describe('a projector', () => {
  const projector = (paths: readonly string[], model: string) =>
    chooseProjector(files(...paths), file(model))?.path ?? null;

  it.each<[string, readonly string[], string, string | null]>([
    ['is the only one', ['mmproj-model-f16.gguf'], 'm-Q4_K_M.gguf', 'mmproj-model-f16.gguf'],
    [
      'is the nearest in bits',
      ['mmproj-F16.gguf', 'mmproj-Q8_0.gguf', 'mmproj-F32.gguf'],
      'm-Q4_K_M.gguf',
      'mmproj-Q8_0.gguf',
    ],
    [
      'is the first of equals',
      ['mmproj-F16.gguf', 'mmproj-BF16.gguf'],
      'm-Q4_K_M.gguf',
      'mmproj-BF16.gguf',
    ],
    [
      'is in the folder of the model before those above',
      ['mmproj-Q4_0.gguf', 'a/mmproj-F32.gguf'],
      'a/m-Q4_K_M.gguf',
      'a/mmproj-F32.gguf',
    ],
    [
      'is above the folder of the model',
      ['mmproj-F16.gguf'],
      'a/b/m-Q4_K_M.gguf',
      'mmproj-F16.gguf',
    ],
    [
      'is not in another folder',
      ['b/mmproj-F16.gguf', 'ab/mmproj-F16.gguf'],
      'a/m-Q4_K_M.gguf',
      null,
    ],
    ['is not below the model', ['a/mmproj-F16.gguf'], 'm-Q4_K_M.gguf', null],
    ['is a GGUF file', ['mmproj.json'], 'm-Q4_K_M.gguf', null],
  ])('%s', (_, paths, model, expected) => {
    expect(projector(paths, model)).toBe(expected);
  });
});

describe('a file', () => {
  it('is taken alone, or with the other files of its split', () => {
    const all = files(...shards('m-Q8_0', 2), 'x.gguf', 'mmproj-x.gguf');
    expect(valueOf(chooseFile(all, 'x.gguf', 'r')).map(({ path }) => path)).toEqual(['x.gguf']);
    expect(
      valueOf(chooseFile(all, 'm-Q8_0-00002-of-00002.gguf', 'r')).map(({ path }) => path),
    ).toEqual(shards('m-Q8_0', 2));
  });

  it('that is not there is told from a near one', () => {
    const all = files('m-Q4_K_M.gguf', 'README.md');
    expect(problemOf(chooseFile(all, 'm-Q4_K_N.gguf', 'r')).remedy).toBe(
      'Did you mean m-Q4_K_M.gguf?',
    );
    expect(problemOf(chooseFile(all, 'other.bin', 'r')).remedy).toBe(
      'It has README.md, m-Q4_K_M.gguf.',
    );
  });
});

describe('the name of a quantization', () => {
  it.each([
    ['m-Q4_K_M.gguf', 'Q4_K_M'],
    ['a/m.q8_0.gguf', 'Q8_0'],
    ['Qwen3-0.6B-UD-Q4_K_XL.gguf', 'UD-Q4_K_XL'],
    ['BF16/m-BF16-00001-of-00002.gguf', 'BF16'],
    ['m-MXFP4_MOE.gguf', 'MXFP4_MOE'],
    ['Q4_K_M/model.gguf', null],
    ['model.gguf', null],
  ])('in %s is %s', (path, expected) => {
    expect(quantizationIn(path)).toBe(expected);
  });
});

describe('safetensors', () => {
  const usual = ['config.json', 'tokenizer.json', 'tokenizer.model', 'merges.txt', 'LICENSE'];
  const choose = (...paths: readonly string[]) => chooseSafetensors(files(...paths), 'org/repo');
  const companions = (...paths: readonly string[]) =>
    valueOf(choose('model.safetensors', ...paths)).companions.map(({ path }) => path);

  it('bring what loaders read beside the weights', () => {
    const also = ['chat_template.jinja', 'additional_chat_templates/rag.jinja', 'qwen.tiktoken'];
    expect(companions(...usual, ...also)).toEqual([...usual, ...also].toSorted());
  });

  it('bring no code, no pickle, no pages, and nothing of other folders', () => {
    const others = [
      'modeling.py',
      'pytorch_model.bin',
      'training_args.bin',
      'README.md',
      '.gitattributes',
      'onnx/config.json',
      'pytorch_model.bin.index.json',
      'tf_model.h5',
    ];
    expect(companions(...others)).toEqual([]);
  });

  it('are model.safetensors where others stand beside it', () => {
    const choice = valueOf(choose('model.safetensors', 'consolidated.safetensors'));
    expect(choice.weights?.map(({ path }) => path)).toEqual(['model.safetensors']);
  });

  it('are named where it is not clear which are meant', () => {
    expect(problemOf(choose('a.safetensors', 'b.safetensors'))).toMatchObject({
      code: 'source/ambiguous',
      detail: matching('a.safetensors, b.safetensors'),
    });
  });

  it('of a split without an index are all files of it', () => {
    const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    expect(valueOf(choose(...names)).weights?.map(({ path }) => path)).toEqual(names);
    expect(problemOf(choose(names[1] ?? '')).code).toBe('source/incomplete');
  });

  it.each([
    ['pytorch_model.bin', 'source/unsafe-format'],
    ['model.ckpt', 'source/unsafe-format'],
    ['weights/model.pt', 'source/unsafe-format'],
    ['unet/model.safetensors', 'source/not-found'],
    ['README.md', 'source/not-found'],
  ])('that are not there, but %s is, are refused as %s', (path, code) => {
    expect(problemOf(choose('config.json', path)).code).toBe(code);
  });

  it('of an index are those that it lists, each once', () => {
    const all = files('a.safetensors', 'b.safetensors', 'c.safetensors');
    const index = (map: unknown) => JSON.stringify({ weight_map: map });
    const weights = weightsOfIndex(
      index({ x: 'b.safetensors', y: 'a.safetensors', z: 'b.safetensors' }),
      all,
      'r',
    );
    expect(valueOf(weights).map(({ path }) => path)).toEqual(['a.safetensors', 'b.safetensors']);
    expect(problemOf(weightsOfIndex(index({ x: 'd.safetensors' }), all, 'r')).code).toBe(
      'source/incomplete',
    );
    for (const map of [{ x: '../a.bin' }, { x: 1 }, null]) {
      expect(problemOf(weightsOfIndex(index(map), all, 'r')).code).toBe('source/unexpected-answer');
    }
    expect(problemOf(weightsOfIndex('<html>', all, 'r')).code).toBe('source/unexpected-answer');
  });
});
