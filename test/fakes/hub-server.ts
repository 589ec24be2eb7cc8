// A Hugging Face Hub: revisions, trees in pages, and files at a commit, small ones sent as they
// are and large ones by a redirect to another host, which refuses credentials. Answers and errors
// are those of the documented API. In this process, or over a socket on loopback.
//
//   node test/fakes/hub-server.ts --port 5000 --folder DIR
//
// Every folder DIR/<org>/<repo> is a repository. Faults can be posted to /_faults, as with
// registry-server.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Http } from '../../src/io/io.ts';
import {
  commitOf,
  createHubStore,
  entryOf,
  gitHash,
  type HubRepository,
  type HubStore,
  hex,
  isLarge,
} from './hub-store.ts';
import { createFaults, type FakeResponse, type Faults, spoil } from './registry-faults.ts';
import { type FakeRequest, httpOf, json, listen, plain, ranged } from './registry-server.ts';

export interface FakeHub extends HubStore, Pick<Faults, 'add'> {
  /** Every request, in order; empty it to count anew. */
  readonly requests: FakeRequest[];
  readonly sent: Map<string, number>;
  readonly handle: (request: FakeRequest) => FakeResponse | null;
  /** A port that reaches the Hub under every host name. */
  readonly http: Http;
  /** Addresses of large files that were given out so far are good no longer. */
  readonly expireAddresses: () => void;
  readonly listen: (
    port?: number,
  ) => Promise<{ readonly origin: string; readonly close: () => Promise<void> }>;
}

export interface HubOptions {
  readonly pageEntriesMax?: number;
}

export function createHub({ pageEntriesMax = 1_000 }: HubOptions = {}): FakeHub {
  const store = createHubStore();
  const faults = createFaults();
  const requests: FakeRequest[] = [];
  const sent = new Map<string, number>();
  let season = 0;

  const handle = (request: FakeRequest): FakeResponse | null => {
    requests.push(request);
    const fault = faults.take(request.method, request.url);
    if (fault?.refusesConnection === true) return null;
    const headers = { ...request.headers };
    if (fault?.ignoresRange === true) delete headers['range'];
    const response = answer({ ...request, headers }, { store, season, pageEntriesMax });
    return fault === null ? response : spoil(response, fault);
  };

  return {
    ...store,
    add: faults.add,
    requests,
    sent,
    handle,
    http: httpOf(handle),
    expireAddresses: () => {
      season += 1;
    },
    listen: (port = 0) => listen({ handle, faults, sent }, port),
  };
}

interface Holdings {
  readonly store: HubStore;
  /** Which signed addresses are good. */
  readonly season: number;
  readonly pageEntriesMax: number;
}

function answer(request: FakeRequest, holdings: Holdings): FakeResponse {
  const { method, url, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'method not allowed');
  const object = /^\/lfs\/([0-9a-f]{64})$/.exec(url.pathname)?.[1];
  if (object !== undefined) {
    if (headers['authorization'] !== undefined) return plain(400, 'two kinds of authorization');
    const isGood = url.searchParams.get('X-Signature') === signature(holdings.season);
    return isGood ? ranged(holdings.store.objects.get(object), headers) : plain(403, 'expired');
  }
  const asked =
    /^\/api\/models\/([^/]+\/[^/]+)()$/.exec(url.pathname) ??
    /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(url.pathname) ??
    /^\/([^/]+\/[^/]+)\/(resolve)\/([^/]+)\/(.+)$/.exec(url.pathname);
  if (asked === null) return plain(404, 'not found');
  const [, name = '', what, revision = 'main', path = ''] = asked.map((part) =>
    decodeURIComponent(part ?? ''),
  );
  const renamed = holdings.store.renames.get(name);
  if (renamed !== undefined) {
    const location = `${url.pathname.replace(name, renamed)}${url.search}`;
    return { ...plain(307, ''), headers: { location, 'content-length': '0' } };
  }
  const repository = holdings.store.repositories.get(name);
  const refusal = refusalFor(repository, what === 'resolve', request, holdings.store);
  if (refusal !== null || repository === undefined) return refusal ?? plain(500, '');
  const commit = commitOf(repository, revision);
  if (commit === null) return refuse(404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
  if (what === 'revision' || what === '') return describe(repository, commit);
  if (what === 'tree') return tree(repository, commit, url, holdings.pageEntriesMax);
  return resolve(repository, commit, path, request, holdings.season);
}

/** Metadata of a gated repository is for everyone; that of a private one for nobody else. */
function refusalFor(
  repository: HubRepository | undefined,
  isFile: boolean,
  { headers }: FakeRequest,
  { tokens }: HubStore,
): FakeResponse | null {
  const authorization = headers['authorization'];
  const granted = tokens.get(authorization?.replace(/^Bearer /, '') ?? '');
  if (authorization !== undefined && granted === undefined) {
    return refuse(401, null, 'Invalid credentials in Authorization header');
  }
  const isIn = repository !== undefined && granted?.has(repository.name) === true;
  if (repository === undefined || (repository.private && !isIn)) {
    return granted === undefined
      ? refuse(401, null, 'Invalid username or password.')
      : refuse(404, 'RepoNotFound', 'Repository not found');
  }
  if (repository.disabled && isFile) {
    return refuse(403, null, 'Access to this resource is disabled.');
  }
  if (repository.gated === false || !isFile || isIn) return null;
  const message = `Access to model ${repository.name} is restricted.`;
  return refuse(granted === undefined ? 401 : 403, 'GatedRepo', message);
}

const describe = (repository: HubRepository, commit: string): FakeResponse =>
  json(200, {
    _id: '66a1',
    id: repository.name,
    modelId: repository.name,
    sha: commit,
    gated: repository.gated,
    private: repository.private,
    disabled: repository.disabled,
    tags: repository.tags,
    siblings: [...(repository.commits.get(commit)?.keys() ?? [])].map((rfilename) => ({
      rfilename,
    })),
  });

function tree(
  repository: HubRepository,
  commit: string,
  url: URL,
  pageEntriesMax: number,
): FakeResponse {
  const files = [...(repository.commits.get(commit) ?? [])];
  const folders = new Set(files.flatMap(([path]) => foldersOf(path)));
  const entries = [
    ...[...folders].map((path) => ({
      type: 'directory',
      oid: gitHash(Buffer.from(path)),
      size: 0,
      path,
    })),
    ...files.map(([path, bytes]) => entryOf(path, bytes)),
  ];
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const page = json(200, entries.slice(from, from + pageEntriesMax));
  if (from + pageEntriesMax >= entries.length) return page;
  const next = new URL(url);
  next.searchParams.set('cursor', String(from + pageEntriesMax));
  return { ...page, headers: { ...page.headers, link: `<${next.href}>; rel="next"` } };
}

const foldersOf = (path: string): readonly string[] =>
  path.split('/').flatMap((_, at, names) => (at === 0 ? [] : [names.slice(0, at).join('/')]));

function resolve(
  repository: HubRepository,
  commit: string,
  path: string,
  { url, headers }: FakeRequest,
  season: number,
): FakeResponse {
  const bytes = repository.commits.get(commit)?.get(path);
  if (bytes === undefined) return refuse(404, 'EntryNotFound', 'Entry not found');
  if (!isLarge(path, bytes)) {
    const sentWhole = ranged(bytes, headers);
    const told = { 'x-repo-commit': commit, etag: `"${gitHash(bytes)}"` };
    return { ...sentWhole, headers: { ...sentWhole.headers, ...told } };
  }
  const location = new URL(`/lfs/${hex(bytes)}?X-Signature=${signature(season)}`, url);
  location.hostname = otherHost[url.hostname] ?? `cdn-lfs.${url.hostname}`;
  return {
    ...plain(302, ''),
    headers: {
      location: location.href,
      'content-length': '0',
      'x-repo-commit': commit,
      'x-linked-etag': `"${hex(bytes)}"`,
      'x-linked-size': String(bytes.length),
    },
  };
}

const signature = (season: number): string => `not-for-logs-${season}`;

const otherHost: Readonly<Record<string, string>> = {
  localhost: '127.0.0.1',
  '127.0.0.1': 'localhost',
};

const refuse = (status: number, code: string | null, message: string): FakeResponse => {
  const response = json(status, { error: message });
  const told = { ...(code === null ? {} : { 'x-error-code': code }), 'x-error-message': message };
  return { ...response, headers: { ...response.headers, ...told } };
};

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, folder: { type: 'string' } },
  });
  const hub = createHub();
  for (const owner of values.folder === undefined ? [] : readdirSync(values.folder)) {
    const folder = join(values.folder ?? '', owner);
    for (const name of readdirSync(folder)) {
      const files = readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path.slice(join(folder, name).length + 1), readFileSync(path)] as const);
      hub.push(`${owner}/${name}`, Object.fromEntries(files));
    }
  }
  const { origin } = await hub.listen(Number(values.port ?? 0));
  process.stdout.write(`listening on ${origin}\n`);
}
