import { expect, test } from 'vitest';
import { didYouMean } from '../../src/core/did-you-mean.ts';

const fields = ['contextLength', 'gpuLayers', 'threads', 'keepAlive', 'parallel', 'flashAttention'];

test.each([
  ['contextLenght', 'contextLength'],
  ['context_length', 'contextLength'],
  ['keep-alive', 'keepAlive'],
  ['KEEPALIVE', 'keepAlive'],
  ['gpuLayer', 'gpuLayers'],
  ['thraeds', 'threads'],
  ['paralel', 'parallel'],
])('takes %s for %s', (text, meant) => {
  expect(didYouMean(text, fields)).toBe(meant);
});

test.each(['temperature', 'x', '', 'name', 'x'.repeat(1000)])('finds nothing near %j', (text) => {
  expect(didYouMean(text, fields)).toBeNull();
});

test('prefers the nearest of several, and the first of those equally near', () => {
  expect(didYouMean('lama', ['llama', 'alma'])).toBe('llama');
  expect(didYouMean('ollma', ['llama', 'ollama'])).toBe('ollama');
});

test('allows one edit in the shortest words', () => {
  expect(didYouMean('gpo', ['gpu'])).toBe('gpu');
  expect(didYouMean('abc', ['gpu'])).toBeNull();
});

test('does not suggest what was written', () => {
  expect(didYouMean('gpu', ['gpu'])).toBeNull();
});
