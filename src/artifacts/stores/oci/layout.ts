// The OCI image layout as text and paths: which file is where, what index.json says. Pure. Entries
// that other tools wrote are kept as they are, field by field; only ours are made or removed.

import { join } from 'node:path';
import { type Digest, digestHex, isDigest } from '../../../core/digest.ts';
import { isObject, parseObject } from '../../../core/json-object.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface OciIndex {
  readonly schemaVersion: 2;
  readonly manifests: readonly Descriptor[];
  readonly [field: string]: unknown;
}

/** Which name an entry of index.json has; from the annotations of the OCI image layout. */
export const nameAnnotation = 'org.opencontainers.image.ref.name';

export const manifestMediaType = 'application/vnd.oci.image.manifest.v1+json';
export const indexMediaType = 'application/vnd.oci.image.index.v1+json';

export const layoutPath = (store: string): string => join(store, 'oci-layout');
export const indexPath = (store: string): string => join(store, 'index.json');
export const blobFolder = (store: string): string => join(store, 'blobs', 'sha256');
export const blobPath = (store: string, digest: Digest): string =>
  join(blobFolder(store), digestHex(digest));

export const layoutText = '{"imageLayoutVersion":"1.0.0"}\n';
export const emptyIndex: OciIndex = {
  schemaVersion: 2,
  mediaType: indexMediaType,
  manifests: [],
};

export const indexText = (index: OciIndex): string => `${JSON.stringify(index, null, 2)}\n`;

export const nameOf = (descriptor: Descriptor): string | null =>
  descriptor.annotations?.[nameAnnotation] ?? null;

/** Null when the text is no image index, or one of a version that is not known here. */
export function parseIndex(text: string): OciIndex | null {
  const index = parseObject(text);
  if (index === null || index['schemaVersion'] !== 2) return null;
  const manifests = parseDescriptors(index['manifests']);
  return manifests === null ? null : { ...index, schemaVersion: 2, manifests };
}

/** Null unless every item is a descriptor with a sha256 digest. */
export function parseDescriptors(value: unknown): readonly Descriptor[] | null {
  if (!Array.isArray(value)) return null;
  const descriptors = value.map(parseDescriptor);
  return descriptors.every((one) => one !== null) ? descriptors : null;
}

export function parseDescriptor(value: unknown): Descriptor | null {
  if (!isObject(value)) return null;
  const { mediaType, digest, size, annotations } = value;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest)) return null;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return null;
  if (annotations === undefined) return { ...value, mediaType, digest, size };
  return isTexts(annotations) ? { ...value, mediaType, digest, size, annotations } : null;
}

const isTexts = (value: unknown): value is Readonly<Record<string, string>> =>
  isObject(value) && Object.values(value).every((item) => typeof item === 'string');
