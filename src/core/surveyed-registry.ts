// A declared Registry as a person looks at it: without any secret, with what holds at the moment.
import type { BytesPerSecond } from './rate.ts';

export interface SurveyedRegistry {
  /** metadata.name. */
  readonly name: string;
  readonly endpoint: string;
  readonly mirrors: readonly { readonly url: string; readonly auth: string | null }[];
  /** Where the credentials are read from; null: what the source finds by itself. */
  readonly auth: string | null;
  /** Its address, `none`, or where that is read from; null: what the environment says. */
  readonly proxy: string | null;
  readonly caBundle: string | null;
  /** At once to one server; null: as many as a transfer uses. */
  readonly connections: number | null;
  /** Now, with what limits the machine as a whole: 0 is a pause, Infinity no limit. */
  readonly bytesPerSecond: BytesPerSecond;
}
