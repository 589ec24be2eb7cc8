// The few answers of the Hub that the Python client needs to fill a cache: one repository, on this
// machine, for as long as a test runs.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { blobName, type CacheFile } from '../../../../src/artifacts/stores/huggingface/layout.ts';

export interface TinyHub {
  readonly endpoint: string;
  /** Paths of files whose bytes were asked for. */
  readonly sent: readonly string[];
}

export interface Published {
  readonly repository: string;
  readonly commit: string;
  readonly files: readonly CacheFile[];
  readonly texts: Readonly<Record<string, string>>;
}

export async function startTinyHub(published: Published): Promise<TinyHub> {
  const sent: string[] = [];
  const server = createServer((request, response) => answer(request, response, published, sent));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, sent };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { repository, commit, files, texts }: Published,
  sent: string[],
): void {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const json = (value: unknown): void => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(value));
  };
  if (pathname === `/api/models/${repository}/revision/main`) {
    return json({ id: repository, sha: commit, siblings: [] });
  }
  if (pathname === `/api/models/${repository}/tree/${commit}`) return json(files.map(treeEntry));
  const [, path] = /\/resolve\/[^/]+\/(.+)$/.exec(pathname) ?? [];
  const file = files.find((one) => one.path === path);
  if (file === undefined) {
    response.writeHead(404, { 'x-error-code': 'EntryNotFound', 'x-repo-commit': commit });
    response.end();
    return;
  }
  if (request.method === 'GET') sent.push(file.path);
  response.writeHead(200, {
    etag: `"${blobName(file)}"`,
    'x-repo-commit': commit,
    'content-length': file.bytes,
  });
  response.end(request.method === 'HEAD' ? undefined : texts[file.path]);
}

function treeEntry(file: CacheFile): object {
  const entry = { type: 'file', path: file.path, size: file.bytes };
  if (file.gitSha1 !== undefined) return { ...entry, oid: file.gitSha1 };
  const lfs = { oid: blobName(file), size: file.bytes, pointerSize: 130 };
  return { ...entry, oid: '0'.repeat(40), lfs };
}
