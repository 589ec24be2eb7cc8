// A real folder as the store of a fake Ollama.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { StoreFolder } from './store-disk.ts';

/** Absolute; made with what the server makes at its start. */
export function storeIn(folder: string): StoreFolder {
  for (const name of ['blobs', 'manifests']) mkdirSync(join(folder, name), { recursive: true });
  return {
    paths: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name))),
    read: (path) => readFileSync(join(folder, path)),
    write: (path, content) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    },
    remove: (path) => rmSync(join(folder, path), { force: true }),
    modifiedAt: (path) => statSync(join(folder, path)).mtimeMs,
  };
}
