// One file on the web, and what it takes to obtain it: for the tests of transfers.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createObtain } from '../../../src/artifacts/transfer/obtain.ts';
import type { Artifact } from '../../../src/core/artifact.ts';
import type { UnfinishedTransfer } from '../../../src/core/transfer.ts';
import type { Io } from '../../../src/io/io.ts';
import { createFakeJournal } from '../../fakes/journal.ts';
import { createRegistry } from '../../fakes/registry-server.ts';
import { digestOf } from '../../fakes/registry-store.ts';
import { createWorld } from '../world.ts';

// Larger than the pieces that the fake sends, and different everywhere.
export const content = Buffer.concat(
  Array.from({ length: 8_000 }, (_, index) => createHash('sha256').update(String(index)).digest()),
);
export const digest = digestOf(content);
export const hex = digest.slice('sha256:'.length);

export const webArtifact = (of: Buffer = content, name = 'x.gguf'): Artifact => {
  const own = digestOf(of);
  return {
    source: `https://models.example.com/files/${name}#${own.replace(':', '=')}`,
    revision: own,
    weights: own,
    files: [{ path: name, bytes: of.length, digest: own }],
    facts: {},
  };
};

export function setUp(wrap: (io: Io) => Io = (io) => io) {
  const registry = createRegistry();
  registry.files.set('x.gguf', content);
  const world = createWorld(registry.http);
  const cacheFolder = join(world.folder, 'cache');
  const staging = join(cacheFolder, 'staging');
  const journal = createFakeJournal();
  const transfer = createObtain({
    io: wrap(world.io),
    cacheFolder,
    folderOf: () => world.folder,
    routes: world.routes,
    journal,
  });
  const progress: number[] = [];
  const obtain = (artifact = webArtifact(), signal = world.signal) =>
    transfer.obtain(artifact, artifact.files[0]!, {
      signal,
      onBytes: (bytes) => progress.push(bytes),
    });
  /** As a run that was killed leaves it. */
  const leavePartial = async (bytes: Uint8Array, more: Partial<UnfinishedTransfer> = {}) => {
    mkdirSync(staging, { recursive: true });
    const partial = join(staging, `${hex}.partial`);
    writeFileSync(partial, bytes);
    journal.transfers.set(digest, {
      digest,
      bytes: content.length,
      source: webArtifact().source,
      path: 'x.gguf',
      wantedBy: null,
      partial,
      validator: null,
      written: [[0, bytes.length]],
      durable: [],
      boot: await world.io.processes.bootId(),
      process: { pid: 1, start: null },
      startedAt: 0,
      updatedAt: 0,
      ...more,
    });
  };
  const staged = () =>
    existsSync(staging) ? readdirSync(staging).map((name) => name.replace(hex, 'HEX')) : [];
  const ranges = () => registry.requests.map(({ headers }) => headers['range'] ?? 'whole');
  return {
    registry,
    world,
    transfer,
    obtain,
    progress,
    leavePartial,
    staged,
    staging,
    ranges,
    journal,
  };
}
