// Machines for tests of bundles: one that makes them and one that takes them, without any network,
// and a disk that dies at a chosen change.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Bundled, type BundleRequest, bundle } from '../src/bundle.ts';
import { type Files, type Http, HttpError, type Io } from '../src/io/io.ts';
import { lock } from '../src/lock.ts';
import { type Restored, type RestoreRequest, restore } from '../src/restore.ts';
import { tinyGguf } from './fakes/tiny-gguf.mjs';
import { createMachine, documents, type Machine, modelDocument } from './machine.ts';

/** What is asked for fails the test: nothing may be asked for. */
const noNetwork: Http = {
  request: async ({ method, url }) => {
    throw new HttpError('refused', `${method} ${url}: there is no network`);
  },
};

export interface Site extends Machine {
  /** As `machine.io`, and any request is refused. */
  readonly offline: Io;
}

/** A set of two models in files, locked. No Ollama answers, so the engine is the embedded one. */
export async function createOrigin(): Promise<Site> {
  const site = createSite();
  for (const [file, seed] of [
    ['one.gguf', 1],
    ['two.gguf', 2],
  ] as const) {
    writeFileSync(join(site.folder, file), tinyGguf({ seed }));
  }
  site.write(
    'models.yaml',
    documents(
      modelDocument('one', 'source: file://./one.gguf'),
      modelDocument('two', 'source: file://./two.gguf'),
    ),
  );
  const inputs = [join(site.folder, 'models.yaml')];
  await lock({ inputs }, { io: site.io, signal: AbortSignal.timeout(15_000) });
  return site;
}

export function createSite(): Site {
  const machine = createMachine();
  machine.setDown(true);
  return { ...machine, offline: { ...machine.io, http: noNetwork, web: noNetwork } };
}

export const bundleTo = (
  site: Site,
  path: string,
  request: Partial<BundleRequest> = {},
  io: Io = site.offline,
): Promise<Bundled> =>
  bundle(
    { inputs: [join(site.folder, 'models.yaml')], path, ...request },
    { io, signal: AbortSignal.timeout(15_000) },
  );

export const restoreFrom = (
  site: Site,
  path: string,
  request: Partial<RestoreRequest> = {},
  io: Io = site.offline,
): Promise<Restored> =>
  restore({ path, to: 'set', ...request }, { io, signal: AbortSignal.timeout(15_000) });

/** Every file below a folder, by its path, as hex; empty where there is none. */
export function contentOf(folder: string): Readonly<Record<string, string>> {
  if (!existsSync(folder)) return {};
  if (statSync(folder).isFile()) return { '': readFileSync(folder).toString('hex') };
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path).toString('hex')]),
  );
}

/** What a restore has left on a machine, apart from its ledger and locks. */
export const leftBy = (site: Site): Readonly<Record<string, string>> => ({
  ...contentOf(join(site.home, 'cache')),
  ...contentOf(join(site.folder, 'set')),
});

export function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

const changing = [
  'writeAtomic',
  'appendStream',
  'rename',
  'clone',
  'link',
  'symlink',
  'remove',
  'removeFolder',
  'makeFolder',
  'assemble',
] as const satisfies readonly (keyof Files)[];

class Died extends Error {}

/**
 * A disk on which the change with this number fails, and all after it: as when the process is
 * killed there. With `code` only that one fails, as when the disk is full.
 */
export function dyingAt(
  io: Io,
  at: number,
  code?: string,
): { readonly io: Io; count: () => number } {
  let count = 0;
  const files: Record<string, unknown> = { ...io.files };
  for (const name of changing) {
    const real = io.files[name] as (...given: readonly unknown[]) => Promise<unknown>;
    files[name] = async (...given: readonly unknown[]): Promise<unknown> => {
      count += 1;
      if (code === undefined ? count >= at : count === at) {
        throw Object.assign(new Died(`died at change ${count}`), { code: code ?? 'EIO' });
      }
      return real(...given);
    };
  }
  return { io: { ...io, files: files as unknown as Files }, count: () => count };
}
