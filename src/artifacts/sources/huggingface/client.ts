// Wire I/O with the Hub, or a mirror of it: which commit a revision is, what is in it, and the
// bytes of files at that commit. Returns JSON and bytes; what they mean is translate.ts.
import { createHash } from 'node:crypto';
import type { ArtifactFile } from '../../../core/artifact.ts';
import { digestHex } from '../../../core/digest.ts';
import { errorProblem, ProblemError } from '../../../core/problem.ts';
import { shownUrl } from '../../http/address.ts';
import type { Answer } from '../../http/follow.ts';
import { openRange, type RangeRequest } from '../../http/open-range.ts';
import type { Route } from '../../registries/route.ts';
import type { FilePart, OpenedFile, SourceContext } from '../../source.ts';
import { type Connection, connect } from './connection.ts';
import type { HubSettings } from './environment.ts';
import { type HubReference, hubPath } from './reference.ts';
import { badAnswer, type HubFile, nextPage } from './translate.ts';

export interface HubClient {
  /** What the Hub says of the revision that the reference names. Throws ProblemError. */
  readonly revision: () => Promise<unknown>;
  /** Every entry of the commit's tree. Throws ProblemError. */
  readonly tree: (commit: string) => Promise<readonly unknown[]>;
  /** A small file, whole and checked against what the tree says of it. Throws ProblemError. */
  readonly smallFile: (commit: string, file: HubFile, bytesMax: number) => Promise<Uint8Array>;
  /** Throws ProblemError, also while the bytes are read. */
  readonly readFile: (commit: string, file: Expected, part: RememberingPart) => Promise<OpenedFile>;
}

/** The Hub sends elsewhere for large files, and counts how often it is asked. */
type RememberingPart = FilePart & Pick<RangeRequest, 'redirects'>;

/** What the listing or the lock says of a file; the Hub must not say otherwise. */
export type Expected = Pick<ArtifactFile, 'path' | 'bytes'> & {
  readonly digest: ArtifactFile['digest'] | null;
};

const pagesMax = 200;

export function hubClient(
  reference: HubReference,
  route: Route,
  settings: HubSettings,
  context: SourceContext,
): HubClient {
  const connection = connect(reference, route, settings, context);
  const { at, name, readJson } = connection;
  const api = `api/models/${hubPath(reference.repository)}`;
  const read: HubClient['readFile'] = (commit, expected, part) =>
    readFile(connection, { commit, expected, settings }, part);
  return {
    revision: async () => {
      const url = at(`${api}/revision/${encodeURIComponent(reference.revision)}`);
      return (await readJson(`the revision ${reference.revision} of ${name}`, url)).value;
    },
    tree: async (commit) => {
      const entries: unknown[] = [];
      let url: URL | null = at(`${api}/tree/${commit}?recursive=true&expand=false`);
      for (let pages = 0; url !== null; pages += 1) {
        if (pages >= pagesMax) throw tooManyPages(name);
        const { answer, value } = await readJson(`the files of ${name}`, url);
        if (!Array.isArray(value)) throw new ProblemError(badAnswer(name, 'It lists no files.'));
        for (const entry of value as readonly unknown[]) entries.push(entry);
        url = nextUrl(answer, name);
      }
      return entries;
    },
    smallFile: async (commit, expected, bytesMax) => {
      const opened = await read(commit, expected, { signal: context.signal });
      const bytes = await connection.readSmall(expected.path, opened.bytes, bytesMax);
      if (bytes === null || !isWhole(bytes, expected)) throw changed(expected.path, name);
      return bytes;
    },
    readFile: read,
  };
}

async function readFile(
  { at, asking, headersFor, http, name, repository }: Connection,
  { commit, expected, settings }: { commit: string; expected: Expected; settings: HubSettings },
  part: RememberingPart,
): Promise<OpenedFile> {
  const url = at(`${repository}/resolve/${commit}/${hubPath(expected.path)}`);
  return openRange(http, {
    ...(await asking(`${expected.path} of ${name}`, url)),
    headers: await headersFor(url),
    timeoutMs: settings.downloadTimeoutMs,
    idleTimeoutMs: settings.downloadIdleTimeoutMs,
    inspect: (answer) => {
      if (answer.url.origin === url.origin) checkHeaders(answer, commit, expected, name);
    },
    ...part,
  });
}

function nextUrl({ response, url }: Answer, name: string): URL | null {
  const link = nextPage(response.headers['link']);
  if (link === null) return null;
  const next = URL.parse(link, url.href);
  if (next === null || next.origin !== url.origin || next.username !== '' || next.password !== '') {
    throw new ProblemError(badAnswer(name, 'Its list goes on at another host.'));
  }
  if (next.href === url.href) {
    throw new ProblemError(badAnswer(name, 'Its list goes on where it began.'));
  }
  return next;
}

/** What the Hub says of a file before it sends elsewhere for it. A mirror may say nothing. */
function checkHeaders(answer: Answer, commit: string, expected: Expected, name: string): void {
  const { headers } = answer.response;
  const linked = /^(?:W\/)?"?([0-9a-f]{64})"?$/i.exec(headers['x-linked-etag'] ?? '')?.[1];
  const isOther =
    (linked !== undefined &&
      expected.digest !== null &&
      linked.toLowerCase() !== digestHex(expected.digest)) ||
    differs(headers['x-linked-size'], String(expected.bytes)) ||
    (/^[0-9a-f]{40}$/.test(commit) && differs(headers['x-repo-commit'], commit));
  if (isOther) throw changed(`${expected.path} at ${shownUrl(answer.url)}`, name);
}

const differs = (told: string | undefined, expected: string): boolean =>
  told !== undefined && told !== expected;

/** The sha256 where it is known, else the hash of the object in Git. */
function isWhole(bytes: Uint8Array, { bytes: length, digest, gitHash }: HubFile): boolean {
  if (bytes.length !== length) return false;
  if (digest !== null) {
    return createHash('sha256').update(bytes).digest('hex') === digestHex(digest);
  }
  const hash = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes);
  return hash.digest('hex') === gitHash;
}

const changed = (file: string, name: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'source/changed',
      summary: 'A source sends another file than it listed',
      detail: `For ${name} the Hub sends another ${file} than its commit holds.`,
      remedy: 'Check HF_ENDPOINT and the mirrors and proxies before it; one may be out of date.',
    }),
  );

const tooManyPages = (name: string): ProblemError =>
  new ProblemError(badAnswer(name, `Its list has more than ${pagesMax} pages.`));
