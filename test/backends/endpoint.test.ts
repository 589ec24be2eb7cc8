import { describe, expect, test } from 'vitest';
import {
  isLoopbackEndpoint,
  llamaServerEndpoint,
  normalizeEndpoint,
  ollamaEndpoint,
} from '../../src/backends/endpoint.ts';

describe('an endpoint', () => {
  test.each([
    ['', 'http://127.0.0.1:11434'],
    ['  "127.0.0.1" ', 'http://127.0.0.1:11434'],
    ['localhost', 'http://127.0.0.1:11434'],
    ['http://localhost:11434/', 'http://127.0.0.1:11434'],
    ['LOCALHOST:8080', 'http://127.0.0.1:8080'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:11500', 'http://127.0.0.1:11500'],
    ['http://0.0.0.0:11434', 'http://127.0.0.1:11434'],
    [':11500', 'http://127.0.0.1:11500'],
    ['::1', 'http://[::1]:11434'],
    ['[::1]:11500', 'http://[::1]:11500'],
    ['[::]:11500', 'http://[::1]:11500'],
    ['::', 'http://[::1]:11434'],
    ['http://gpu-1:11434', 'http://gpu-1:11434'],
    ['GPU-1', 'http://gpu-1:11434'],
    ['http://gpu-1', 'http://gpu-1:80'],
    ['https://ollama.example.com', 'https://ollama.example.com:443'],
    ['https://example.com/ollama/', 'https://example.com:443/ollama'],
    ['127.1:11434', 'http://127.0.0.1:11434'],
  ])('written %j is %s', (text, url) => {
    expect(normalizeEndpoint(text, ollamaEndpoint)).toMatchObject({ ok: true, value: url });
    expect(normalizeEndpoint(url, ollamaEndpoint)).toMatchObject({ ok: true, value: url });
  });

  test.each([
    'ftp://host',
    'unix:///run/x',
    'http://user:secret@host:11434',
    'http://host:99999',
    'http://host:x',
    'a b',
    'http://host/?x=1',
    'http://host/#a',
    'http://[::1',
  ])('cannot be %j', (text) => {
    const normalized = normalizeEndpoint(text, ollamaEndpoint);
    expect(normalized).toMatchObject({ ok: false, problems: [{ code: 'backend/bad-endpoint' }] });
    expect(JSON.stringify(normalized)).not.toContain('secret');
  });

  test('has the port that its engine usually has', () => {
    const one = normalizeEndpoint('gpu-1', llamaServerEndpoint);
    expect(one).toMatchObject({ ok: true, value: 'http://gpu-1:8080' });
    const wrong = normalizeEndpoint('ftp://gpu-1', llamaServerEndpoint);
    expect(JSON.stringify(wrong)).not.toContain('OLLAMA_HOST');
  });

  test('on loopback is told from one elsewhere', () => {
    const loopback = ['http://127.0.0.1:11434', 'http://127.0.0.2:1', 'http://[::1]:11434'];
    for (const url of loopback) expect(isLoopbackEndpoint(url)).toBe(true);
    const elsewhere = [
      'http://gpu-1:11434',
      'http://10.0.0.1:11434',
      'http://127.example.com:80',
      'http://localhost.example.com:1',
    ];
    for (const url of elsewhere) expect(isLoopbackEndpoint(url)).toBe(false);
  });
});
