// The variables that the Hub's own tools know.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  hubHome,
  hubSettings,
  hubToken,
} from '../../../../src/artifacts/sources/huggingface/environment.ts';
import { matching, problemFrom, problemOf, valueOf } from '../../world.ts';
import { quantized, setUp } from './hub-world.ts';

type Variables = Readonly<Record<string, string>>;

function token(variables: Variables, files: Variables = {}) {
  const { world } = setUp(variables);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(world.folder, path, '..'), { recursive: true });
    writeFileSync(join(world.folder, path), content);
  }
  const { environment } = world.io;
  const get = (name: string) => environment.get(name)?.replace('<home>', world.folder);
  return hubToken({ ...world.io, environment: { ...environment, get } });
}

const usual = { '.cache/huggingface/token': ' hf_file\n' };

describe('the token', () => {
  it.each<[string, Variables, Variables, string | null]>([
    ['is HF_TOKEN before all', { HF_TOKEN: 'hf_a', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, usual, 'hf_a'],
    ['is the older variable', { HF_TOKEN: ' ', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, usual, 'hf_b'],
    ['is in the usual file', {}, usual, 'hf_file'],
    ['is in the file of HF_TOKEN_PATH', { HF_TOKEN_PATH: '~/t' }, { ...usual, t: 'hf_t' }, 'hf_t'],
    [
      'is below HF_HOME',
      { HF_HOME: '$WHERE/hub', WHERE: '<home>' },
      { 'hub/token': 'hf_h' },
      'hf_h',
    ],
    [
      'is below the cache',
      { XDG_CACHE_HOME: '<home>/c' },
      { 'c/huggingface/token': 'hf_c' },
      'hf_c',
    ],
    [
      'is not sent unasked',
      { HF_TOKEN: 'hf_a', HF_HUB_DISABLE_IMPLICIT_TOKEN: 'yes' },
      usual,
      null,
    ],
    ['is nothing in an empty file', {}, { '.cache/huggingface/token': '\n' }, null],
    ['need not be there', {}, {}, null],
  ])('%s', async (_, variables, files, expected) => {
    expect(await token(variables, files)).toBe(expected);
  });

  it('that cannot be one is refused without being shown', async () => {
    const problem = await problemFrom(token({ HF_TOKEN: 'hf_a hf_b' }));
    expect(problem).toMatchObject({ code: 'source/invalid-token', detail: matching('HF_TOKEN') });
    expect(JSON.stringify(problem)).not.toContain('hf_a');
  });
});

describe('the endpoint', () => {
  const endpoint = (text: string) =>
    hubSettings(setUp({ HF_ENDPOINT: text }).world.io.environment, 'x');

  it.each([
    ['', 'https://huggingface.co/'],
    ['https://hub.example/hf/', 'https://hub.example/hf/'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/'],
    ['http://localhost:8080', 'http://localhost:8080/'],
  ])('%j is %s', (text, expected) => {
    expect(valueOf(endpoint(text)).endpoint.href).toBe(expected);
  });

  it.each([
    'http://hub.example',
    'ftp://hub.example',
    'hub.example',
    'https://me:pass@hub.example',
    'https://hub.example?x=1',
  ])('%s is refused', (text) => {
    const problem = problemOf(endpoint(text));
    expect(problem).toMatchObject({
      code: 'source/invalid-endpoint',
      detail: matching('HF_ENDPOINT'),
    });
    expect(JSON.stringify(problem)).not.toContain('pass@');
  });

  it('is not part of what a source is called', async () => {
    const { hub, artifact, asked } = setUp({ HF_ENDPOINT: 'https://hub.example' });
    hub.push('org/repo', quantized);
    expect((await artifact('hf://org/repo')).source).toBe('hf://org/repo@main');
    expect(asked()[0]).toBe('GET hub.example/api/models/org/repo/revision/main');
  });
});

describe('staying offline', () => {
  it.each([
    ['HF_HUB_OFFLINE', '1'],
    ['HF_HUB_OFFLINE', 'ON'],
    ['TRANSFORMERS_OFFLINE', 'true'],
  ])('with %s=%s asks nothing and names the variable', async (name, value) => {
    const variables: Record<string, string> = {};
    const { hub, artifact, resolve, open, part, asked } = setUp(variables);
    hub.push('org/repo', quantized);
    const found = await artifact('hf://org/repo');
    hub.requests.length = 0;
    variables[name] = value;
    const expected = { code: 'source/offline', retry: 'never', detail: matching(name) };
    expect(problemOf(await resolve('hf://org/repo'))).toMatchObject(expected);
    expect(await problemFrom(open(found).read(part()))).toMatchObject(expected);
    expect(asked()).toEqual([]);
  });

  it('is not meant by a variable that says no', async () => {
    const { hub, artifact } = setUp({ HF_HUB_OFFLINE: '0', TRANSFORMERS_OFFLINE: 'no' });
    hub.push('org/repo', quantized);
    expect((await artifact('hf://org/repo')).files).toHaveLength(1);
  });
});

describe('waiting', () => {
  it('is as long as the variables say, in seconds', () => {
    const variables = { HF_HUB_ETAG_TIMEOUT: '5', HF_HUB_DOWNLOAD_TIMEOUT: '7' };
    expect(valueOf(hubSettings(setUp(variables).world.io.environment, 'x'))).toMatchObject({
      questionTimeoutMs: 5_000,
      downloadTimeoutMs: 7_000,
      downloadIdleTimeoutMs: 7_000,
    });
    const odd = { HF_HUB_ETAG_TIMEOUT: 'never', HF_HUB_DOWNLOAD_TIMEOUT: '0' };
    expect(valueOf(hubSettings(setUp(odd).world.io.environment, 'x'))).toMatchObject({
      questionTimeoutMs: 30_000,
      downloadTimeoutMs: 30_000,
      downloadIdleTimeoutMs: 60_000,
    });
  });
});

describe('the home of the Hub’s tools', () => {
  it('is below the cache of the user, as they have it', () => {
    const { world } = setUp();
    expect(hubHome(world.io.environment)).toBe(join(world.folder, '.cache/huggingface'));
  });
});
