// A registry's manifest as far as all its kinds are alike: text, JSON, version 2. Pure.
import { isObject } from '../../core/json-object.ts';
import { type Checked, checked, errorProblem, type Problem, refused } from '../../core/problem.ts';
import { decodeText, parseJson } from './untrusted.ts';

export interface ManifestDocument {
  /** As it came, byte for byte. */
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** `name` is for messages only. */
export function readManifestDocument(bytes: Uint8Array, name: string): Checked<ManifestDocument> {
  const text = decodeText(bytes);
  const fields = text === null ? null : parseJson(text);
  if (text === null || !isObject(fields)) {
    return refused(
      badManifest(
        name,
        `What it sends begins with ${beginning(bytes)} and is not a manifest in JSON.`,
      ),
    );
  }
  if (fields['schemaVersion'] !== 2) {
    return refused(badManifest(name, 'Its schemaVersion is not 2.'));
  }
  return checked({ text, fields });
}

export const badManifest = (name: string, detail: string): Problem =>
  errorProblem({
    code: 'source/bad-manifest',
    summary: 'A registry sends what is not the manifest of a model',
    detail: `The manifest of ${name} cannot be used. ${detail}`,
    remedy: 'Check that the host is a model registry and that no proxy answers in its place.',
  });

/** The bytes of a configuration are not those that the manifest names. */
export const wrongConfig = (name: string): Problem =>
  errorProblem({
    code: 'source/bad-manifest',
    summary: 'A registry sends what is not the manifest of a model',
    detail: `The configuration of ${name} has not the digest that its manifest gives.`,
    remedy: 'Check the registry and the proxies before it; a mirror may be out of date.',
    retry: 'later',
  });

/** The first bytes, told in a way that cannot disturb a terminal. */
const beginning = (bytes: Uint8Array): string =>
  bytes.length === 0
    ? 'nothing at all'
    : JSON.stringify(
        Buffer.from(bytes.subarray(0, 24))
          .toString('latin1')
          .replace(/[^\u0020-\u007e]/g, '.'),
      );
