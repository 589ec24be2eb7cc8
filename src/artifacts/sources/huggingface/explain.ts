// What the Hub means when it refuses: gated, private, gone, disabled and busy are told apart by
// status and X-Error-Code, and each has another way out. What its messages say is not repeated.
import { errorProblem, type Problem } from '../../../core/problem.ts';
import { shownUrl } from '../../http/address.ts';
import type { Answer } from '../../http/follow.ts';
import { isCommit } from '../../stores/huggingface/names.ts';
import { type HubReference, shortHubReference } from './reference.ts';

export interface Asking {
  readonly reference: HubReference;
  /** Where the repository has its page. */
  readonly page: URL;
  readonly hasToken: boolean;
}

/** Of an answer that is an error; null where it says nothing that is special to the Hub. */
export function explainRefusal(answer: Answer, asking: Asking): Problem | null {
  const { status, headers } = answer.response;
  if (answer.url.origin !== asking.page.origin) return expiredAddress(answer);
  if (status === 429) return rateLimited(headers, asking);
  const code = headers['x-error-code'] ?? '';
  const said = headers['x-error-message'] ?? '';
  if (![401, 403, 404].includes(status)) return null;
  if (code === 'GatedRepo') return gated(asking);
  if (/access to this resource is disabled/i.test(said)) return disabled(asking.reference);
  if (code === 'RevisionNotFound') return noRevision(asking);
  if (code === 'EntryNotFound') return noFile(asking);
  if (status === 401 && asking.hasToken && code !== 'RepoNotFound') return badToken(asking);
  if (code === 'RepoNotFound' || status === 401) return noRepository(asking);
  return status === 403 ? forbidden(asking) : null;
}

/** What is fetched comes from another host, by an address that is good for a while only. */
function expiredAddress(answer: Answer): Problem | null {
  const { status } = answer.response;
  if (![400, 401, 403, 404, 410].includes(status)) return null;
  return errorProblem({
    code: 'source/expired-address',
    summary: 'The address of a file is no longer good',
    detail: `${shownUrl(answer.url)}, where the Hub sends for its files, answered ${status}; such addresses expire.`,
    remedy: 'Run the same command again: it asks the Hub for another one.',
    retry: 'later',
  });
}

export const disabled = ({ repository }: HubReference): Problem =>
  errorProblem({
    code: 'source/disabled',
    summary: 'A repository is disabled',
    detail: `The Hub has disabled access to ${repository} for everyone.`,
    remedy: 'Choose another repository. What is installed already stays usable.',
  });

const gated = ({ reference, page, hasToken }: Asking): Problem =>
  errorProblem({
    code: 'source/gated',
    summary: 'A model is given only to those who accept its terms',
    detail: hasToken
      ? `${reference.repository} is gated, and the account of the token has not been let in.`
      : `${reference.repository} is gated, and no token was sent.`,
    remedy: `Accept its terms at ${page.href}${hasToken ? ' with the account of the token' : ''}; some are granted by hand, later. ${hasToken ? 'A fine-grained token also needs leave to read gated repositories.' : setToken}`,
  });

const setToken = 'Then set HF_TOKEN to a token of that account.';

const noRepository = ({ reference, page, hasToken }: Asking): Problem =>
  errorProblem({
    code: 'source/not-found',
    summary: 'A source does not exist',
    detail: hasToken
      ? `There is no ${reference.repository}, or the account of the token may not see it.`
      : `There is no ${reference.repository}, or it is private: without a token the Hub does not say which.`,
    remedy:
      `Check the name at ${page.href}. For a private repository set HF_TOKEN to ` +
      `${hasToken ? 'the token of an account' : 'a token'} that may read it.`,
  });

const badToken = ({ reference }: Asking): Problem =>
  errorProblem({
    code: 'source/unauthorized',
    summary: 'A source refuses access',
    detail: `The Hub does not take the token that it was sent, when asked for ${reference.repository}.`,
    remedy:
      'Set HF_TOKEN to one that is valid, or sign in anew with `hf auth login`; what is public needs none.',
  });

const forbidden = ({ reference, page }: Asking): Problem =>
  errorProblem({
    code: 'source/unauthorized',
    summary: 'A source refuses access',
    detail: `The Hub forbids access to ${reference.repository}.`,
    remedy: `See ${page.href}; the token needs leave to read this repository.`,
  });

const noRevision = ({ reference, page }: Asking): Problem =>
  errorProblem({
    code: 'source/not-found',
    summary: 'A source does not exist',
    detail: `${reference.repository} has no revision ${reference.revision}.`,
    remedy: isCommit(reference.revision)
      ? `Its commits are listed at ${page.href}/commits/main.`
      : `Its branches and tags are listed at ${page.href}/tree/main; pull requests are refs/pr/<number>.`,
  });

const noFile = ({ reference, page }: Asking): Problem =>
  errorProblem({
    code: 'source/not-found',
    summary: 'A source does not exist',
    detail: `A file of ${shortHubReference(reference)} is not there any more.`,
    remedy: `See which files it has at ${page.href}/tree/main.`,
  });

const rateLimited = (headers: Readonly<Record<string, string>>, { hasToken }: Asking): Problem => {
  const seconds = waitSeconds(headers);
  return errorProblem({
    code: 'source/rate-limited',
    summary: 'A source asks to come back later',
    detail: `The Hub has had too many requests from here.${
      seconds === null ? '' : ` It asks to wait ${seconds} s.`
    }`,
    remedy: `Run the same command again ${seconds === null ? 'later' : 'then'}.${
      hasToken ? '' : ' With a token in HF_TOKEN it allows more.'
    }`,
    retry: 'later',
  });
};

const secondsMax = 86_400;

/** `RateLimit: "api";r=0;t=55` (one second more is safe) or Retry-After, whichever is longer. */
function waitSeconds(headers: Readonly<Record<string, string>>): number | null {
  const reset = /;\s*t=(\d{1,6})\b/.exec(headers['ratelimit'] ?? '')?.[1];
  const after = /^\d{1,6}$/.exec(headers['retry-after'] ?? '')?.[0];
  const known = [
    ...(reset === undefined ? [] : [Number(reset) + 1]),
    ...(after === undefined ? [] : [Number(after)]),
  ];
  return known.length === 0 ? null : Math.min(Math.max(...known), secondsMax);
}
