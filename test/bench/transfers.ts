// How fast models come in, next to what does as little as can be done: curl, openssl and aria2 with
// the same file from the same nginx, in turn. What is not installed is named and not measured.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programPath } from '../fakes/real-server.ts';
import type { Measured } from './bench.ts';
import { createPull } from './pull.ts';
import { type ServedFile, startTransferSite, type TransferSite } from './transfer-site.ts';
import { median } from './whole-process.ts';

const gibibyte = 1024 ** 3;
const rounds = 5;

type Bench = (site: TransferSite, large: ServedFile) => AsyncIterable<Measured>;

/** Each with what it needs beside nginx. */
const parts: readonly { readonly needs: readonly string[]; readonly bench: Bench }[] = [
  { needs: ['curl', 'openssl', 'sha256sum'], bench: benchFast },
  { needs: ['aria2c'], bench: benchSlow },
  { needs: [], bench: benchMemory },
  { needs: [], bench: benchResume },
  { needs: [], bench: benchRate },
];

export async function* benchTransfers(largeBytes = gibibyte): AsyncIterable<Measured> {
  if (programPath('nginx') === null) {
    process.stdout.write('Transfers are not measured: nginx is not installed.\n');
    return;
  }
  const site = await startTransferSite(largeBytes);
  try {
    const large = site.serve(largeBytes);
    for (const { needs, bench } of parts) {
      const missing = needs.filter((program) => !isInstalled(program));
      if (missing.length === 0) yield* bench(site, large);
      else process.stdout.write(`Not measured, for want of ${missing.join(', ')}: ${bench.name}\n`);
    }
  } finally {
    await site.stop();
  }
}

const isInstalled = (program: string): boolean =>
  spawnSync(program, ['--version']).error === undefined;

/** Everything is written to the same disk and removed again; none finds the dirt of another. */
async function* benchFast(site: TransferSite, file: ServedFile): AsyncIterable<Measured> {
  const target = join(site.folder, 'copy');
  const ways = {
    pull: () => pullSeconds(site, file, file.url),
    curl: () => shellSeconds(`curl -sSf -o ${target} ${file.url} && sync ${target}`, target),
    openssl: () => shellSeconds(`openssl dgst -sha256 ${file.path}`, target),
    tee: () => shellSeconds(`curl -sSf ${file.url} | tee ${target} | sha256sum`, target),
  };
  const { pull, curl, openssl, tee } = await inTurn(ways);
  yield {
    title: 'a verified pull, against the larger of curl with sync and openssl dgst',
    value: pull / Math.max(curl, openssl),
    budget: 1.15,
    unit: 'x',
    detail: `${seconds(pull)} against ${seconds(curl)} and ${seconds(openssl)}`,
  };
  yield {
    title: 'the same, against curl | tee | sha256sum',
    value: pull / tee,
    budget: 0.7,
    unit: 'x',
    detail: `against ${seconds(tee)}`,
  };
}

async function* benchSlow(site: TransferSite, file: ServedFile): AsyncIterable<Measured> {
  const target = join(site.folder, 'copy');
  const words = `-q -x16 -s16 --file-allocation=none -d ${site.folder} -o copy`;
  const { pull, aria2 } = await inTurn({
    pull: () => pullSeconds(site, file, file.slowUrl),
    aria2: () => shellSeconds(`aria2c ${words} ${file.slowUrl}`, target),
  });
  yield {
    title: 'a verified pull at 20 MB/s per connection, against aria2c -x16 -s16',
    value: pull / aria2,
    budget: 1.05,
    unit: 'x',
    detail: `${seconds(pull)} against ${seconds(aria2)}`,
  };
}

async function* benchMemory(site: TransferSite, large: ServedFile): AsyncIterable<Measured> {
  const peaks: number[] = [];
  for (const file of [large, site.serve(large.bytes / 4)]) {
    const pull = createPull(site.folder, file.url, file.sha256);
    const { peakMB } = await pull.run().ended;
    pull.remove();
    peaks.push(peakMB);
    yield {
      title: `peak memory of a pull of ${mebibytes(file.bytes)}`,
      value: peakMB,
      budget: 160 * 1.048576,
      unit: 'MB',
      detail: peaks.map((peak) => `${peak.toFixed(0)} MB`).join(' and '),
    };
  }
}

/** Killed when half of it is on the disk, and run again. */
async function* benchResume(site: TransferSite, file: ServedFile): AsyncIterable<Measured> {
  const pull = createPull(site.folder, file.slowUrl, file.sha256);
  const first = pull.run();
  while (arrivedBytes(pull.partial) < file.bytes / 2) await sleep(5);
  first.child.kill('SIGKILL');
  await once(first.child, 'close');
  await first.ended.catch(() => undefined);
  // What was on its way then had not come: a faster reader would have had less of it in sockets.
  const missing = file.bytes - arrivedBytes(pull.partial);
  const before = await site.sentBytes();
  await pull.run().ended;
  pull.remove();
  const again = (await site.sentBytes()) - before - missing;
  yield {
    title: 'what is sent again after a kill -9 at half of it',
    value: (100 * again) / file.bytes,
    budget: 2,
    unit: '%',
    detail: `${(again / 1e6).toFixed(1)} MB of ${mebibytes(file.bytes)}`,
  };
}

/** As the system counts what the file takes: it has holes. */
function arrivedBytes(partial: string): number {
  return (statSync(partial, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
}

async function* benchRate(site: TransferSite): AsyncIterable<Measured> {
  const [rate, wantedSeconds] = [10e6, 20];
  const timed = async (file: ServedFile): Promise<number> => {
    const pull = createPull(site.folder, file.url, file.sha256);
    const { seconds: took } = await pull.run(['--limit-rate', '10MB/s']).ended;
    pull.remove();
    return took;
  };
  const file = site.serve(rate * wantedSeconds);
  // What the program does beside the transfer.
  const around = await timed(site.serve(1024 * 1024));
  const took = (await timed(file)) - around;
  const off = file.bytes / took / rate - 1;
  yield {
    title: 'how far a pull at 10 MB/s is from that over 20 s',
    value: Math.abs(off) * 100,
    budget: 5,
    unit: '%',
    detail: `${(file.bytes / took / 1e6).toFixed(2)} MB/s`,
  };
}

async function pullSeconds(site: TransferSite, file: ServedFile, url: string): Promise<number> {
  const pull = createPull(site.folder, url, file.sha256);
  const { seconds: took } = await pull.run().ended;
  pull.remove();
  return took;
}

async function shellSeconds(command: string, target: string): Promise<number> {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  const took = (performance.now() - startedAt) / 1000;
  if (status !== 0) throw new Error(`${command} ended with ${status}\n${stderr}`);
  rmSync(target, { force: true });
  return took;
}

/** The median of each in seconds, one after another in every round, on a disk that is at rest. */
async function inTurn<Name extends string>(
  ways: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Readonly<Record<Name, number>>> {
  const entries = Object.entries(ways) as [Name, () => Promise<number>][];
  const took = new Map(entries.map(([name]) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, way] of entries) {
      spawnSync('sync');
      took.get(name)?.push(await way());
    }
  }
  return Object.fromEntries([...took].map(([name, all]) => [name, median(all)])) as Record<
    Name,
    number
  >;
}

const seconds = (value: number): string => `${value.toFixed(2)} s`;
const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;
