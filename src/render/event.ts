// Progress as data for `--json`: one object a line, the first of which tells the version, so that
// a reader can refuse what it does not understand. New types and keys may come; readers skip them.
import type { ProgressEvent } from '../core/progress.ts';
import {
  actionDocument,
  apiVersion,
  type Document,
  entryDocument,
  planDocument,
  problemDocument,
} from './document.ts';
import { redact } from './redact.ts';

/** Of the stream: the first number moves only when a reader of the old one would misread it. */
const eventsVersion = '1.0';

export type EventObject = { readonly type: string } & Readonly<Record<string, unknown>>;

export const versionEvent = (version: string): EventObject => ({
  type: 'version',
  apiVersion,
  events: eventsVersion,
  modelctl: version,
});

/** The last line of a stream. `document` is what `-o json` would have printed, if anything. */
export const resultEvent = (exitCode: number, document: Document | null): EventObject => ({
  type: 'result',
  exitCode,
  ...(document === null ? {} : { document }),
});

export function eventObject(event: ProgressEvent): EventObject {
  switch (event.kind) {
    case 'note':
      return { type: 'note', text: event.text };
    case 'problem':
      return { type: 'problem', problem: problemDocument(event.problem) };
    case 'planned':
      return { type: 'planned', plan: planDocument(event.plan) };
    case 'started':
      return { type: 'started', action: actionDocument(event.action), attempt: event.attempt };
    case 'bytes':
      return {
        type: 'bytes',
        action: event.action,
        completedBytes: event.completedBytes,
        totalBytes: event.totalBytes,
        ...(event.file === undefined ? {} : { file: event.file }),
      };
    case 'waiting': {
      const { because, until, detail } = event.wait;
      return {
        type: 'waiting',
        action: event.action,
        because,
        until: until === null ? null : new Date(until).toISOString(),
        detail: redact(detail),
      };
    }
    case 'retrying':
      return {
        type: 'retrying',
        action: event.action,
        delayMs: event.delayMs,
        problem: problemDocument(event.problem),
      };
    case 'finished':
      return { type: 'finished', ...entryDocument(event.entry) };
    case 'revision': {
      const { set, digest, models, files } = event.revision;
      return { type: 'revision', set, revision: digest, models, files: [...files] };
    }
    case 'condition': {
      const { detail, ...condition } = event.condition;
      return {
        type: 'condition',
        ...condition,
        ...(detail === null ? {} : { detail: redact(detail) }),
      };
    }
  }
}
