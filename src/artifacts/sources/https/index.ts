// Source `https://…#sha256=…` (and `http://` on loopback): one file on a web server. The digest is
// known from the reference; resolving learns the size and, from the first bytes, what it holds.
import {
  type Checked,
  checked,
  errorProblem,
  type Problem,
  ProblemError,
  refused,
} from '../../../core/problem.ts';
import { asChecked } from '../../as-checked.ts';
import { shownUrl } from '../../http/address.ts';
import { discard } from '../../http/body.ts';
import { openRange } from '../../http/open-range.ts';
import { headerBytesMax, readHeader } from '../../read-header.ts';
import { readOver } from '../../registries/remote-file.ts';
import { addressOn, authorizationOn } from '../../registries/route.ts';
import type { OpenedFile, ReadableFile, Source, SourceContext } from '../../source.ts';
import { formatWebReference, parseWebReference, type WebFile, webFileName } from './reference.ts';

const webSource = (scheme: string) =>
  ({
    scheme,
    canonicalize: (reference) => {
      const file = parseWebReference(reference);
      return file.ok ? checked(formatWebReference(file.value)) : file;
    },
    // There is no other kind: what has no digest is refused.
    isPinned: () => true,
    resolve: async (reference, context) => {
      const parsed = parseWebReference(reference);
      if (!parsed.ok) return parsed;
      return asChecked(context.signal, async () => {
        const { url, digest } = parsed.value;
        // One ranged GET instead of a HEAD and a GET: some servers refuse HEAD, and where ranges
        // are not honoured the answer is the whole file, which is cancelled after its header.
        const opened = await webFile(parsed.value, context).read({
          range: { start: 0, end: headerBytesMax - 1 },
          signal: context.signal,
        });
        const size = sizeOf(opened, url);
        if (!size.ok) {
          await discard(opened.bytes);
          return size;
        }
        const name = webFileName(url);
        const facts = await readHeader(opened.bytes, { name: shownUrl(url), bytes: size.value });
        if (!facts.ok) return facts;
        return checked(
          {
            source: formatWebReference(parsed.value),
            revision: digest,
            files: [{ path: name, bytes: size.value, digest }],
            weights: digest,
            facts: facts.value,
          },
          facts.problems,
        );
      });
    },
    open: (artifact, _file, context) => {
      const parsed = parseWebReference(artifact.source);
      if (!parsed.ok) throw new ProblemError(parsed.problems[0] ?? notCanonical);
      return webFile(parsed.value, context);
    },
  }) satisfies Source;

export const httpsSource = webSource('https');
/** For loopback; the same source under the other name that its references begin with. */
export const httpSource = webSource('http');

const webFile = ({ url }: WebFile, { io, routes }: SourceContext): ReadableFile =>
  readOver(routes(new URL(url.origin)), io.clock, async (route, part, redirects) =>
    openRange(route.http, {
      what: 'a model file',
      url: addressOn(route, `${url.pathname.slice(1)}${url.search}`),
      ifMissing: 'Correct the address in spec.source.',
      headers: await authorizationOn(route),
      redirects,
      ...part,
    }),
  );

function sizeOf(opened: OpenedFile, url: URL): Checked<number> {
  if (opened.totalBytes === null) {
    return refused(
      unusable(url, 'does not tell how large the file is, so no room can be reserved for it'),
    );
  }
  if (opened.totalBytes === 0) return refused(unusable(url, 'serves an empty file'));
  return checked(opened.totalBytes);
}

const unusable = (url: URL, why: string): Problem =>
  errorProblem({
    code: 'source/unexpected-answer',
    summary: 'A source gave an unexpected answer',
    detail: `${shownUrl(url)} ${why}.`,
    remedy: 'Name an address that serves the file itself.',
  });

const notCanonical = errorProblem({
  code: 'source/invalid',
  summary: 'A source cannot be read',
  detail: 'The reference is not a web address with a digest.',
});
