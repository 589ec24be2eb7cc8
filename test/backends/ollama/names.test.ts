import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalName,
  importedBaseName,
  isLoopbackRegistry,
  listedName,
  nameRefusal,
  parseName,
  quarantineName,
} from '../../../src/backends/ollama/names.ts';
import { display, parse } from '../../fakes/ollama/name.ts';

describe('a canonical name', () => {
  test.each([
    ['qwen3', 'qwen3:latest'],
    ['qwen3:8b', 'qwen3:8b'],
    ['registry.ollama.ai/library/qwen3:8b', 'qwen3:8b'],
    ['library/qwen3:8b', 'qwen3:8b'],
    ['Qwen3:8B-Q4_K_M', 'qwen3:8b-q4_k_m'],
    ['acme/chat', 'acme/chat:latest'],
    ['hf.co/Acme/Chat-GGUF:Q4_K_M', 'hf.co/acme/chat-gguf:q4_k_m'],
    ['localhost:5001/library/tiny:v1', 'localhost:5001/library/tiny:v1'],
    ['modelctl-base/starter', 'modelctl-base/starter:latest'],
  ])('of %s is %s', (text, name) => {
    expect(canonicalName(text)).toBe(name);
    expect(canonicalName(name)).toBe(name);
  });

  test.each([
    '',
    ' ',
    'a b',
    ':8b',
    'a:',
    'a/',
    '/a',
    'a//b',
    'a/b/c/d',
    '-a',
    '.a',
    'a:-b',
    'a.b/c',
    'a@sha256:aa',
    'http://host/a/b',
    'localhost:5001/tiny:v1',
    'a'.repeat(81),
    'é',
    'a:b:c',
    'a\nb',
    'a:local',
    'a:cloud',
    'a:8b-cloud',
    'A:LOCAL',
    'modelctl-quarantine/a:b',
  ])('is refused to %j', (text) => {
    expect(canonicalName(text)).toBeNull();
  });

  test('agrees with what the engine itself makes of a text', () => {
    const part = fc.string({
      unit: fc.constantFrom('a', 'B', '9', '_', '-', '.', ':', '/', '@', ' ', 'é'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(part, (text) => {
        const theirs = parse(text);
        expect(listedName(text)).toBe(theirs === null ? null : display(theirs).toLowerCase());
      }),
    );
  });
});

describe('a name that people ask for', () => {
  test.each([
    ['qwen3@sha256:aa', /digest/],
    ['a:local', /choice between local and cloud/],
    ['a:8b-cloud', /choice between local and cloud/],
    ['modelctl-base/a', /modelctl's own/],
    ['modelctl-quarantine/a', /modelctl's own/],
    ['a b', /Ollama allows/],
    ['https://host/a/b', /no scheme/],
  ])('is refused with a reason: %s', (text, reason) => {
    expect(nameRefusal(text)).toMatch(reason);
  });

  test('may be anything that the engine can address', () => {
    for (const text of [
      'gpt-4o-mini',
      'acme/modelctl-base',
      'host/modelctl-base/a',
      'local',
      'cloud:latest',
    ]) {
      expect(nameRefusal(text)).toBeNull();
    }
  });
});

test('spelling is kept where a registry may tell it apart', () => {
  expect(parseName('hf.co/Acme/Chat:Q4_K_M')).toEqual({
    host: 'hf.co',
    namespace: 'Acme',
    model: 'Chat',
    tag: 'Q4_K_M',
  });
});

test('only registries on loopback are spoken to in plain http', () => {
  const spoken = (text: string): boolean => {
    const name = parseName(text);
    return name !== null && isLoopbackRegistry(name);
  };
  expect(['localhost:5001/a/b', '127.0.0.1:5000/a/b', 'x.localhost/a/b'].map(spoken)).toEqual([
    true,
    true,
    true,
  ]);
  expect(['qwen3', 'localhost.example.com/a/b', '10.0.0.1/a/b'].map(spoken)).toEqual([
    false,
    false,
    false,
  ]);
});

test('a copy for the time of a replacement has a legal name of its own for every name', () => {
  const long = `${'h'.repeat(200)}/${'n'.repeat(80)}/${'m'.repeat(80)}:${'t'.repeat(80)}`;
  const names = ['a:b', 'a-b:latest', 'a/b:latest', long, `${long}x`];
  const places = names.map((name) => quarantineName(name, null));
  expect(new Set(places).size).toBe(names.length);
  for (const place of places) {
    expect(parseName(place)).not.toBeNull();
    expect(listedName(place)).toBe(place);
  }
  expect(quarantineName('a:b', `sha256:${'ab'.repeat(32)}`)).toMatch(
    /^modelctl-quarantine\/a-b-[0-9a-f]{16}:abababababab$/,
  );
});

test('an imported base is named after its Model', () => {
  expect(importedBaseName('starter')).toBe('modelctl-base/starter:latest');
  expect(canonicalName(importedBaseName('starter'))).toBe(importedBaseName('starter'));
});
