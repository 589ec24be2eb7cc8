import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cacheFolder,
  symlinksDisabled,
} from '../../../../src/artifacts/stores/huggingface/folder.ts';
import {
  blobBehind,
  entryTarget,
  lockPath,
  repositoryFolder,
  repositoryOf,
} from '../../../../src/artifacts/stores/huggingface/layout.ts';
import { isRepository, isSafePath } from '../../../../src/artifacts/stores/huggingface/names.ts';
import { createFakeIo } from '../../../fakes/io.ts';

const folderWith = (variables: Readonly<Record<string, string>>): string =>
  cacheFolder(createFakeIo({ variables }).environment);

describe('the folder of the cache', () => {
  test.each([
    [{}, '/home/user/.cache/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
    [{ HF_HOME: '/h', XDG_CACHE_HOME: '/x' }, '/h/hub'],
    [{ HUGGINGFACE_HUB_CACHE: '/old', HF_HOME: '/h' }, '/old'],
    [{ HF_HUB_CACHE: '/new', HUGGINGFACE_HUB_CACHE: '/old' }, '/new'],
    [{ HF_HUB_CACHE: '~/models' }, '/home/user/models'],
    [{ HF_HUB_CACHE: '~other/models' }, '/home/user/models/~other/models'],
    [{ HF_HOME: '~' }, '/home/user/hub'],
    [{ HF_HUB_CACHE: '$BIG/hub', BIG: '/mnt/big' }, '/mnt/big/hub'],
    [{ HF_HOME: `\${BIG}/hf`, BIG: '/mnt/big' }, '/mnt/big/hf/hub'],
    [{ HF_HUB_CACHE: '/a/$NONE' }, '/a/$NONE'],
    [{ HF_HUB_CACHE: 'relative' }, '/home/user/models/relative'],
    [{ HF_HUB_CACHE: '', HF_HOME: '/h' }, '/h/hub'],
  ])('with %j is %s', (variables, expected) => {
    expect(folderWith(variables)).toBe(expected);
  });

  test('is the same on Windows, with its own variables', () => {
    const { environment } = createFakeIo({
      platform: 'win32',
      variables: { HF_HUB_CACHE: String.raw`%BIG%\hub`, BIG: String.raw`D:\models` },
    });
    expect(cacheFolder(environment)).toBe(String.raw`D:\models\hub`);
  });

  test.each([
    ['1', true],
    ['yes', true],
    ['True', true],
    ['0', false],
    ['', false],
  ])('has no symbolic links when the owner says %j: %j', (value, expected) => {
    const { environment } = createFakeIo({ variables: { HF_HUB_DISABLE_SYMLINKS: value } });
    expect(symlinksDisabled(environment)).toBe(expected);
  });
});

describe('names in the cache', () => {
  test('of repositories are as other tools have them', () => {
    expect(repositoryFolder('/hub', 'acme/tiny')).toBe('/hub/models--acme--tiny');
    expect(repositoryFolder('/hub', 'gpt2')).toBe('/hub/models--gpt2');
    expect(repositoryOf('models--acme--tiny')).toEqual({ type: 'models', id: 'acme/tiny' });
    expect(repositoryOf('datasets--squad')).toEqual({ type: 'datasets', id: 'squad' });
    for (const name of ['.locks', 'blobs', 'CACHEDIR.TAG', 'models--', 'version.txt']) {
      expect(repositoryOf(name)).toBeNull();
    }
    expect(lockPath('/hub', 'acme/tiny', 'abc')).toBe('/hub/.locks/models--acme--tiny/abc.lock');
  });

  test('of files lead to their blob from whatever depth', () => {
    expect(entryTarget('a.gguf', 'abc')).toBe('../../blobs/abc');
    expect(entryTarget('sub/dir/a.gguf', 'abc')).toBe('../../../../blobs/abc');
    const snapshot = '/hub/models--a--b/snapshots/c';
    expect(blobBehind('/hub/models--a--b', snapshot, '../../blobs/abc')).toBe('abc');
    expect(blobBehind('/hub/models--a--b', `${snapshot}/sub`, '../../../blobs/abc')).toBe('abc');
    expect(blobBehind('/hub/models--a--b', snapshot, '/hub/models--a--b/blobs/abc')).toBe('abc');
    for (const target of [
      '../../blobs',
      '../../blobs/a/b',
      '../../blobs/../refs/main',
      '/etc/passwd',
    ]) {
      expect(blobBehind('/hub/models--a--b', snapshot, target)).toBeNull();
    }
  });

  test.each(['acme/tiny', 'gpt2', 'Acme_1/a.b-c', '_a/_b'])(
    'may be of a repository: %s',
    (name) => {
      expect(isRepository(name)).toBe(true);
    },
  );

  test.each([
    '',
    '..',
    '../a',
    'a/../b',
    'a/b/c',
    'a--b/c',
    '/etc',
    'a/',
    '.hidden/a',
    'a/b.git',
    'a\0b/c',
    'a\\b',
    `a/${'b'.repeat(97)}`,
  ])('may not be of a repository: %j', (name) => {
    expect(isRepository(name)).toBe(false);
  });

  test('that are safe stay below their folder, on every system', () => {
    const part = fc.constantFrom('..', '.', '/', '\\', ':', 'a', 'C:', '\0', ' ', '-', 'nul', '~');
    const path = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(path, (name) => {
        if (!isSafePath(name)) return;
        expect(posix.resolve('/snapshot', name)).toBe(`/snapshot/${name}`);
        expect(win32.resolve('D:\\snapshot', name)).toBe(
          `D:\\snapshot\\${name.replaceAll('/', '\\')}`,
        );
      }),
    );
  });

  test.each(['a.gguf', 'sub/dir/a b.gguf', '.gitattributes', 'ünïcode', 'console.txt', 'a..b'])(
    'may be of a file: %s',
    (name) => {
      expect(isSafePath(name)).toBe(true);
    },
  );

  test.each([
    '',
    '/etc/passwd',
    '../a',
    'a/../../b',
    'a/./b',
    'a//b',
    'a/',
    'a\0b',
    'a\nb',
    'C:\\windows',
    'C:a',
    'a\\..\\b',
    '\\\\host\\share',
    'nul',
    'sub/COM1.txt',
    'aux .json',
    'trailing.',
    'trailing ',
    'x'.repeat(256),
    `${'a/'.repeat(600)}b`,
  ])('may not be of a file: %j', (name) => {
    expect(isSafePath(name)).toBe(false);
  });
});
