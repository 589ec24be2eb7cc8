import { describe, expect, it } from 'vitest';
import { digestOfFiles } from '../../src/core/artifact-files.ts';
import { sha256Text } from '../../src/core/hash.ts';
import { weightsDigest, weightsOf } from '../../src/core/weights.ts';

const file = (path: string, content = path) => ({ path, digest: sha256Text(content) });

describe('the digest of files', () => {
  it('is that of the only one, whatever it is called', () => {
    expect(digestOfFiles([file('a.gguf', 'x')])).toBe(sha256Text('x'));
  });

  it('is the same whatever the order, and another for other content or another path', () => {
    const [a, b] = [file('a'), file('b')];
    const digest = digestOfFiles([a, b]);
    expect(digestOfFiles([b, a])).toBe(digest);
    expect(digestOfFiles([a, file('b', 'other')])).not.toBe(digest);
    expect(digestOfFiles([a, file('c', 'b')])).not.toBe(digest);
    expect(digestOfFiles([a])).not.toBe(digest);
  });
});

describe('the weights among files', () => {
  it.each([
    [
      ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf', 'mmproj-F16.gguf'],
      [0, 1],
    ],
    [['config.json', 'model.safetensors', 'tokenizer.json'], [1]],
    [['mmproj-m.gguf'], [0]],
    [
      ['model.onnx', 'model.data'],
      [0, 1],
    ],
  ])('of %j are those at %j', (paths, at) => {
    const files = paths.map((path) => file(path));
    expect(weightsOf(files)).toBe(weightsDigest(at.flatMap((index) => files[index] ?? [])));
  });
});
