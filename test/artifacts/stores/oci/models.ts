// Models made of a few bytes, for a store on a disk in memory.
import type { OciStore } from '../../../../src/artifacts/stores/oci/blobs.ts';
import { modelImage } from '../../../../src/artifacts/stores/oci/image.ts';
import { type OciIndex, parseIndex } from '../../../../src/artifacts/stores/oci/layout.ts';
import { type PutRequest, putImage } from '../../../../src/artifacts/stores/oci/write.ts';
import type { Artifact } from '../../../../src/core/artifact.ts';
import type { Recipe } from '../../../../src/core/desired.ts';
import { sha256Text } from '../../../../src/core/hash.ts';
import type { FakeIo } from '../../../fakes/io.ts';

export const storeFolder = '/cache/oci';

export const storeOn = (io: FakeIo): OciStore => ({ path: storeFolder, io });

/** An artifact of one file with this text, which lies at /models/<text>.gguf. */
export function model(io: FakeIo, text: string): Artifact {
  const digest = sha256Text(text);
  io.files.put(pathOf(text), text);
  return {
    source: `file://./${text}.gguf`,
    revision: digest,
    weights: digest,
    files: [{ path: `${text}.gguf`, bytes: Buffer.byteLength(text), digest }],
    facts: { format: 'gguf' },
  };
}

const pathOf = (text: string): string => `/models/${text.replaceAll(' ', '-')}.gguf`;

/** Stores the model of that text under a name. */
export function put(
  io: FakeIo,
  name: string,
  text: string,
  more: Partial<PutRequest> & { readonly recipe?: Recipe } = {},
): ReturnType<typeof putImage> {
  const { recipe, ...rest } = more;
  return putImage(storeOn(io), {
    name,
    image: modelImage(model(io, text), recipe ?? {}),
    load: {},
    replaces: null,
    obtain: async () => ({ path: pathOf(text), isUnchanging: false }),
    onBytes: () => undefined,
    signal: new AbortController().signal,
    ...rest,
  });
}

/** Paths in the store, below its folder. */
export const stored = (io: FakeIo): readonly string[] =>
  io.files
    .paths()
    .filter((path) => path.startsWith(`${storeFolder}/`))
    .map((path) => path.slice(storeFolder.length + 1));

export function indexOf(io: FakeIo): OciIndex {
  const index = parseIndex(io.files.text(`${storeFolder}/index.json`) ?? '');
  if (index === null) throw new Error('there is no index');
  return index;
}
