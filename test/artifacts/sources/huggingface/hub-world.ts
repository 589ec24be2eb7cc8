// A Hub with a repository or two, and the source that is pointed at it.
import { buffer } from 'node:stream/consumers';
import type { FilePart } from '../../../../src/artifacts/source.ts';
import { huggingFaceSource } from '../../../../src/artifacts/sources/huggingface/index.ts';
import type { Artifact } from '../../../../src/core/artifact.ts';
import { ggufBytes, type Pair, usualPairs } from '../../../fakes/gguf-bytes.ts';
import { createHub, type HubOptions } from '../../../fakes/hub-server.ts';
import { createWorld, valueOf } from '../../world.ts';

/** A model in GGUF whose bytes are all its own. */
export const model = (seed: string, pairs: readonly Pair[] = []): Buffer =>
  ggufBytes({
    pairs: [...usualPairs, ...pairs, { key: 'test.seed', type: 'string', value: seed }],
  });

export const quantized = {
  'README.md': '# A model',
  'm-Q4_K_M.gguf': model('four'),
  'm-Q8_0.gguf': model('eight'),
};

export function setUp(variables: Readonly<Record<string, string>> = {}, options?: HubOptions) {
  const hub = createHub(options);
  const plain = createWorld(hub.http);
  const environment = {
    ...plain.io.environment,
    get: (name: string) => variables[name],
    homeFolder: plain.folder,
  };
  const world = { ...plain, io: { ...plain.io, environment } };
  const resolve = (reference: string) => huggingFaceSource.resolve(reference, world);
  return {
    hub,
    world,
    resolve,
    artifact: async (reference: string): Promise<Artifact> => valueOf(await resolve(reference)),
    open: (artifact: Artifact, at = 0) => {
      const file = artifact.files[at];
      if (file === undefined) throw new Error('there is no such file');
      return huggingFaceSource.open(artifact, file, world);
    },
    part: (range?: FilePart['range']): FilePart => ({
      signal: world.signal,
      ...(range === undefined ? {} : { range }),
    }),
    /** `GET path` of every request so far, with the host where it is not the Hub itself. */
    asked: () =>
      hub.requests.map(({ method, url }) =>
        url.hostname === 'huggingface.co'
          ? `${method} ${url.pathname}`
          : `${method} ${url.hostname}${url.pathname}`,
      ),
  };
}

export const bytesOf = async (opened: { readonly bytes: AsyncIterable<Uint8Array> }) =>
  buffer(opened.bytes);
