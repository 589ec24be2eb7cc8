// One repository of a registry that speaks the distribution protocol: manifests by tag or digest,
// blobs by digest. Returns bytes; what they mean is for the source. Getting in is authorized.ts.
import { type Digest, isDigest } from '../../core/digest.ts';
import { sha256Text } from '../../core/hash.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { Http, HttpResponse } from '../../io/io.ts';
import { shownUrl } from '../http/address.ts';
import { discard, readAtMost } from '../http/body.ts';
import { follow } from '../http/follow.ts';
import {
  bodyIdleTimeoutMs,
  headersTimeoutMs,
  openRange,
  type RangeRequest,
} from '../http/open-range.ts';
import { type Asked, statusProblem, throwWireProblem } from '../http/problems.ts';
import { addressOn, type Route } from '../registries/route.ts';
import type { FilePart, OpenedFile, SourceContext } from '../source.ts';
import { authorizedHttp } from './authorized.ts';
import type { LookUp } from './credentials.ts';

/** The distribution specification asks registries to take manifests of up to so much. */
const manifestBytesMax = 4 * 1024 * 1024;
export const configBytesMax = 1024 * 1024;
/** For a manifest or config as a whole, however slowly it trickles in. */
const smallReadTimeoutMs = 60_000;

export interface Repository {
  /** As in `library/qwen3`. */
  readonly name: string;
  /** For messages: the reference as people write it. */
  readonly shown: string;
  /** What to do when there is no such manifest or blob. */
  readonly ifMissing: string;
  /** Media types of manifests that are understood. */
  readonly accept: string;
  /** Whether tokens may come from another host. */
  readonly realms: 'own-host' | 'any-host';
  readonly credentials: LookUp;
}

export interface RegistryClient {
  /**
   * By tag or digest, byte for byte. What its digest is according to the registry or to the
   * question is compared. Throws ProblemError.
   */
  readonly manifest: (reference: string) => Promise<Uint8Array>;
  /** A small blob; null when it is larger than `bytesMax`. Throws ProblemError. */
  readonly smallBlob: (digest: Digest, bytesMax: number) => Promise<Uint8Array | null>;
  readonly openBlob: (
    digest: Digest,
    part: FilePart & Pick<RangeRequest, 'redirects'>,
  ) => Promise<OpenedFile>;
}

export function registryClient(
  repository: Repository,
  route: Route,
  { io, signal }: Pick<SourceContext, 'io' | 'signal'>,
): RegistryClient {
  const { shown, name, realms, credentials } = repository;
  const http = authorizedHttp({
    base: route.base,
    repository: name,
    realms,
    credentials,
    http: route.http,
    clock: io.clock,
    signal,
  });
  const asking = (what: string, kind: 'manifests' | 'blobs', reference: string): Asked => ({
    what,
    url: addressOn(route, `v2/${name}/${kind}/${reference}`),
    signal,
    ifMissing: repository.ifMissing,
  });
  const read = async (asked: Asked, accept: string, bytesMax: number) => {
    try {
      const response = await get(http, asked, accept);
      const limits = { bytesMax, timeoutMs: smallReadTimeoutMs, clock: io.clock };
      return { headers: response.headers, bytes: await readAtMost(response.body, limits) };
    } catch (error) {
      return throwWireProblem(error, asked);
    }
  };
  return {
    manifest: async (reference) => {
      const asked = asking(`the manifest of ${shown}`, 'manifests', reference);
      const { bytes, headers } = await read(asked, repository.accept, manifestBytesMax);
      if (bytes === null) throw tooLarge(asked.url);
      for (const told of [reference, headers['docker-content-digest'] ?? '']) {
        if (isDigest(told) && sha256Text(bytes) !== told) throw otherDigest(asked, told);
      }
      return bytes;
    },
    smallBlob: async (digest, bytesMax) =>
      (await read(asking(`the configuration of ${shown}`, 'blobs', digest), '*/*', bytesMax)).bytes,
    openBlob: (digest, part) =>
      openRange(http, { ...asking(`a blob of ${shown}`, 'blobs', digest), ...part }),
  };
}

async function get(http: Http, asked: Asked, accept: string): Promise<HttpResponse> {
  const answer = await follow(http, {
    method: 'GET',
    url: asked.url,
    headers: { Accept: accept },
    timeoutMs: headersTimeoutMs,
    idleTimeoutMs: bodyIdleTimeoutMs,
    signal: asked.signal,
  });
  if (answer.response.status === 200) return answer.response;
  await discard(answer.response.body);
  throw new ProblemError(statusProblem(answer, asked));
}

const tooLarge = (url: URL): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'source/too-large',
      summary: 'A source sends more than it may',
      detail: `${shownUrl(url)} sends a manifest of more than ${manifestBytesMax} bytes.`,
      remedy: 'Check that the address is that of a model registry.',
    }),
  );

const otherDigest = ({ what, url }: Asked, told: Digest): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'source/bad-manifest',
      summary: 'A registry sends what is not the manifest of a model',
      detail: `What ${url.host} sends as ${what} has not the digest ${told}.`,
      remedy: 'Check the registry and the proxies before it; a mirror may be out of date.',
      retry: 'later',
    }),
  );
