// The real nginx, with files of a folder, for what a fake cannot show: its ranges, its limits, its
// TLS. `server` is what stands in the server block.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programPath } from './real-server.ts';

const program = programPath('nginx') ?? 'nginx';

export interface Nginx {
  readonly port: number;
  /** What is served, and what the configuration may name. */
  readonly folder: string;
  readonly stop: () => Promise<void>;
}

export async function startNginx(
  prepare: (folder: string) => { readonly listen?: string; readonly server?: string },
): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'modelctl-nginx-'));
  const port = await freePort();
  mkdirSync(join(folder, 'files'));
  const { listen = '', server = '' } = prepare(folder);
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const temporary = scratch.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  const lines = [
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;`,
    'events { worker_connections 256; }',
    `http { access_log off; ${temporary}`,
    `server { listen 127.0.0.1:${port} ${listen}; root ${folder}/files; ${server} } }`,
  ];
  const configuration = join(folder, 'nginx.conf');
  writeFileSync(configuration, lines.join('\n'));
  const words = ['-c', configuration, '-e', join(folder, 'error.log')];
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    port,
    folder,
    stop: async () => {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
