// A server that asks to come back later is asked again when it said, if that is soon; a longer wait
// is for the caller to tell. Reads Retry-After (RFC 9110) and the RateLimit header of hubs.
import { toldWaitMsMin } from '../../core/progress.ts';
import type { Clock, Http, HttpRequest, HttpResponse } from '../../io/io.ts';
import { askedWaitMs } from '../http/asked-wait.ts';
import { discard } from '../http/body.ts';

/** A longer wait than this is not waited out here. */
const waitMsMax = 60_000;
const triesMax = 4;

/** The same port, patient for a while. What has a body is not sent again. */
export const politeHttp = (http: Http, clock: Clock): Http => ({
  request: async (request) => {
    for (let tries = 1; ; tries += 1) {
      const response = await http.request(request);
      const waitMs = waitOf(request, response, clock.now());
      if (waitMs === null || tries === triesMax) return response;
      await discard(response.body);
      if (waitMs >= toldWaitMsMin) {
        const { host } = new URL(request.url);
        request.onWait?.({ because: 'asked', until: clock.now() + waitMs, detail: host });
      }
      await clock.sleep(waitMs, request.signal);
    }
  },
});

function waitOf(request: HttpRequest, response: HttpResponse, nowMs: number): number | null {
  if (request.body !== undefined) return null;
  if (response.status !== 429 && response.status !== 503) return null;
  const waitMs = askedWaitMs(response.headers, nowMs);
  return waitMs === null || waitMs > waitMsMax ? null : waitMs;
}
