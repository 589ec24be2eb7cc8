// What the transfers are measured on: nginx on loopback with model files as large as wanted, as fast
// as it can and with a limit for each connection, and a count of the bytes that it sent.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Nginx, startNginx } from '../fakes/nginx.ts';
import { createFakeRandom } from '../fakes/random.ts';
import { tinyGguf } from '../fakes/tiny-gguf.mjs';

export interface ServedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** As fast as nginx can. */
  readonly url: string;
  /** 20 MiB/s for each connection. */
  readonly slowUrl: string;
}

export interface TransferSite {
  readonly folder: string;
  readonly serve: (bytes: number) => ServedFile;
  /** Bytes of bodies, with what only reached the socket; waits for the log to be complete. */
  readonly sentBytes: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

export const perConnection = '20m';
/** For the file and what is made of it at a time. */
const copiesMax = 4;

/** Throws when there is no room for so many bytes and their copies. */
export async function startTransferSite(bytesMax: number): Promise<TransferSite> {
  let nginx: Nginx | null = null;
  nginx = await startNginx((folder) => {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < bytesMax * copiesMax) throw new Error(`too little room in ${folder}`);
    const log = `access_log ${folder}/access.log combined; sendfile on; tcp_nopush on;`;
    const slow = `location /slow/ { alias ${folder}/files/; limit_rate ${perConnection}; }`;
    return { server: `${log} ${slow}` };
  });
  const { folder, port, stop } = nginx;
  const loggedBytes = (): number =>
    readFileSync(join(folder, 'access.log'), 'utf8')
      .split('\n')
      .reduce((sum, line) => sum + Number(/" \d{3} (\d+) "/.exec(line)?.[1] ?? 0), 0);
  return {
    folder,
    stop,
    serve: (bytes) => {
      const name = `${bytes}.gguf`;
      const path = join(folder, 'files', name);
      const sha256 = writeModel(path, bytes);
      const origin = `http://127.0.0.1:${port}`;
      return { path, bytes, sha256, url: `${origin}/${name}`, slowUrl: `${origin}/slow/${name}` };
    },
    sentBytes: async () => {
      let before = -1;
      for (let now = loggedBytes(); now !== before; now = loggedBytes()) {
        before = now;
        await sleep(logSettlesMs);
      }
      return before;
    },
  };
}

/** A request is logged when it ends, which nginx may learn a second after its client is gone. */
const logSettlesMs = 1_500;

/** A valid model file with noise behind it. Returns its sha256. */
function writeModel(path: string, bytes: number): string {
  const random = createFakeRandom(bytes);
  const noise = new Uint8Array(blockBytes).map(() => Math.floor(random.fraction() * 256));
  const hash = createHash('sha256');
  const file = openSync(path, 'w');
  let written = 0;
  const write = (block: Uint8Array): void => {
    const part = block.subarray(0, bytes - written);
    hash.update(part);
    writeSync(file, part);
    written += part.length;
  };
  write(tinyGguf({ seed: 7 }));
  // No block is like another one: a part at the wrong place is found out.
  for (let block = 0; written < bytes; block += 1) {
    new DataView(noise.buffer).setUint32(0, block);
    write(noise);
  }
  closeSync(file);
  return hash.digest('hex');
}

const blockBytes = 1024 * 1024;
