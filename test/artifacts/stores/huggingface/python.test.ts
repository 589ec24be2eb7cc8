// The cache as the Python client sees it, and its caches as we see them. Runs with the Python that
// MODELCTL_TEST_PYTHON names, one that has huggingface_hub.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { HuggingFaceCache } from '../../../../src/artifacts/stores/huggingface/index.ts';
import { blobName } from '../../../../src/artifacts/stores/huggingface/layout.ts';
import type { Io } from '../../../../src/io/io.ts';
import { createWorld } from '../../world.ts';
import { cacheOn, commit, files, other, repository, requestOn, signal, texts } from './caches.ts';
import { startTinyHub } from './tiny-hub.ts';

const python = process.env['MODELCTL_TEST_PYTHON'] ?? '';
const program = fileURLToPath(new URL('python_client.py', import.meta.url));
const run = promisify(execFile);
const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
const publishedFiles = { repository, commit, files, texts };

interface World {
  readonly io: Io;
  readonly cache: HuggingFaceCache;
  readonly staging: string;
  readonly ask: (
    words: readonly string[],
    variables?: Readonly<Record<string, string>>,
  ) => Promise<unknown>;
}

function createPythonWorld(): World {
  const { io, folder } = createWorld();
  const cache = cacheOn(io, join(folder, 'hub'));
  const ask: World['ask'] = async (words, variables) => {
    const env = {
      PATH: process.env['PATH'],
      HF_HOME: folder,
      HF_HUB_DISABLE_XET: '1',
      ...variables,
    };
    const { stdout } = await run(python, [program, cache.path, ...words], { env });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as unknown;
  };
  return { io, cache, staging: join(folder, 'staging'), ask };
}

const snapshot = (cache: HuggingFaceCache, ...path: readonly string[]): string =>
  join(cache.path, 'models--acme--tiny-gguf', 'snapshots', commit, ...path);

/** Every path of a cache with what it says, links as links. */
async function contentOf(io: Io, root: string): Promise<Readonly<Record<string, string>>> {
  const content: Record<string, string> = {};
  for (const path of await readdir(root, { recursive: true })) {
    const entry = await io.files.entry(join(root, path));
    if (entry?.kind === 'link') content[path] = `-> ${await io.files.readLink(join(root, path))}`;
    if (entry?.kind === 'file') content[path] = await readFile(join(root, path), 'utf8');
  }
  return content;
}

describe.runIf(python !== '' || process.env['CI'] !== undefined)(
  'the Python client',
  { timeout: 60_000 },
  () => {
    test('sees what we wrote as its own, without warnings', async () => {
      const { io, cache, staging, ask } = createPythonWorld();
      await cache.put(await requestOn(io, {}, staging));
      expect(await ask(['scan'])).toEqual({
        warnings: [],
        incomplete: [],
        bytes: totalBytes,
        repositories: [
          {
            id: repository,
            bytes: totalBytes,
            revisions: [
              {
                commit,
                refs: ['main'],
                files: files
                  .map((file) => [file.path, file.bytes, blobName(file)])
                  .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
              },
            ],
          },
        ],
      });
      for (const { path } of files) {
        expect(await ask(['load', repository, path])).toBe(snapshot(cache, path));
        expect(await ask(['local', repository, path, commit])).toBe(snapshot(cache, path));
      }
      expect(await ask(['snapshot', repository])).toBe(snapshot(cache));
    });

    test('writes the same cache, byte for byte', async () => {
      const ours = createPythonWorld();
      await ours.cache.put(await requestOn(ours.io, {}, ours.staging));
      const theirs = createPythonWorld();
      const { endpoint } = await startTinyHub(publishedFiles);
      for (const { path } of files) {
        await theirs.ask(['download', repository, path], { HF_ENDPOINT: endpoint });
      }
      const written = await contentOf(theirs.io, theirs.cache.path);
      // Blobs, links and locks, the ref and the tag.
      expect(Object.keys(written)).toHaveLength(3 * files.length + 2);
      expect(await contentOf(ours.io, ours.cache.path)).toEqual(written);
    });

    test('writes a cache that we read whole, and need not write to', async () => {
      const { io, cache, staging, ask } = createPythonWorld();
      const { endpoint } = await startTinyHub(publishedFiles);
      await ask(['download-all', repository], { HF_ENDPOINT: endpoint });
      const [scanned] = (await cache.scan()).repositories;
      expect(scanned).toMatchObject({ id: repository, warnings: [], partials: [], complete: true });
      expect(scanned?.revisions).toMatchObject([{ commit, refs: ['main'] }]);
      expect(scanned?.revisions[0]?.files).toHaveLength(files.length);
      const { digest, bytes, path } = files[0]!;
      expect(await cache.findBlob(digest, bytes)).toMatch(/blobs/);
      expect(await cache.findFile({ repository, commit, path })).toMatchObject({ bytes });
      const obtain = () => Promise.reject(new Error('not needed'));
      expect(await cache.put(await requestOn(io, { obtain }, staging))).toMatchObject({
        written: [],
        ref: 'unchanged',
      });
      await cache.remove({ repository, commit, files, signal });
      expect(await ask(['scan'])).toMatchObject({ warnings: [], bytes: 0 });
    });

    test('completes a snapshot that we began, fetching only the rest', async () => {
      const { io, cache, staging, ask } = createPythonWorld();
      await cache.put(await requestOn(io, { files: files.slice(0, 2) }, staging));
      const { endpoint, sent } = await startTinyHub(publishedFiles);
      await ask(['download-all', repository], { HF_ENDPOINT: endpoint });
      expect(sent).toEqual(['config.json']);
      expect(await ask(['scan'])).toMatchObject({ warnings: [], bytes: totalBytes });
    });

    test('finds files that stand in snapshots where there are no links', async () => {
      const { io, cache, staging, ask } = createPythonWorld();
      const get = (name: string): string | undefined =>
        name === 'HF_HUB_DISABLE_SYMLINKS' ? '1' : io.environment.get(name);
      const plain = cacheOn({ ...io, environment: { ...io.environment, get } }, cache.path);
      await plain.put(await requestOn(io, {}, staging));
      expect(await ask(['scan'])).toMatchObject({ warnings: [], bytes: totalBytes });
      expect(await ask(['snapshot', repository])).toBe(snapshot(cache));
    });

    test('calls nothing corrupted after we removed one of two commits', async () => {
      const { io, cache, staging, ask } = createPythonWorld();
      await cache.put(
        await requestOn(io, { commit: other, ref: { name: 'dev', moves: true } }, staging),
      );
      await cache.put(await requestOn(io, {}, staging));
      await cache.remove({ repository, commit: other, files, signal });
      expect(await ask(['scan'])).toMatchObject({
        warnings: [],
        repositories: [{ revisions: [{ commit, refs: ['main'] }] }],
      });
      await ask(['delete', commit]);
      expect(existsSync(snapshot(cache))).toBe(false);
      expect(await cache.remove({ repository, commit, files, signal })).toEqual({
        freedBytes: 0,
        kept: [],
      });
    });
  },
);
