// Source `oci://`: models in registries of the distribution specification, in the forms that have
// a file in each layer. Resolving reads the manifest, the config, and the header of the weights.
import type { Artifact, ArtifactFacts } from '../../../core/artifact.ts';
import { sha256Text } from '../../../core/hash.ts';
import {
  type Checked,
  checked,
  errorProblem,
  ProblemError,
  refused,
} from '../../../core/problem.ts';
import { badManifest, wrongConfig } from '../../distribution/manifest-document.ts';
import { configBytesMax, type RegistryClient } from '../../distribution/registry.ts';
import { headerBytesMax, readHeader } from '../../read-header.ts';
import { readOver } from '../../registries/remote-file.ts';
import { overRoutes } from '../../registries/route.ts';
import type { Source, SourceContext } from '../../source.ts';
import { registryClient } from './client.ts';
import { factsOf } from './facts.ts';
import { chooseEntry, type ImageManifest, parseManifest } from './manifest.ts';
import {
  formatOciReference,
  type OciReference,
  originOf,
  parseOciReference,
  shortOciReference,
} from './reference.ts';
import { filesOf, type ModelFiles } from './translate.ts';

/** Stands in where an artifact needs no config; its content is always the same. */
const emptyConfig = 'application/vnd.oci.empty.v1+json';

/** An index may list another one; no publisher goes deeper. */
const indexDepthMax = 2;

export const ociSource = {
  scheme: 'oci',
  canonicalize: (reference) => {
    const parsed = parseOciReference(reference);
    return parsed.ok ? checked(formatOciReference(parsed.value)) : parsed;
  },
  isPinned: (canonical) => /@sha256:[0-9a-f]{64}$/.test(canonical),
  resolve: async (reference, context) => {
    const parsed = parseOciReference(reference);
    if (!parsed.ok) return parsed;
    const routes = context.routes(originOf(parsed.value));
    return overRoutes(routes, context.signal, (route) =>
      resolveWith(registryClient(parsed.value, route, context), parsed.value, context),
    );
  },
  open: (artifact, file, context) => {
    const parsed = parseOciReference(artifact.source);
    if (!parsed.ok) throw new ProblemError(parsed.problems[0] ?? notCanonical);
    const clients = context.routes(originOf(parsed.value)).map((route) => ({
      ...route,
      client: registryClient(parsed.value, route, context),
    }));
    return readOver(clients, context.io.clock, ({ client }, part, redirects) =>
      client.openBlob(file.digest, { ...part, redirects }),
    );
  },
} satisfies Source;

const notCanonical = errorProblem({
  code: 'source/invalid',
  summary: 'A source cannot be read',
  detail: 'The reference is not one of oci://.',
});

async function resolveWith(
  client: RegistryClient,
  reference: OciReference,
  context: SourceContext,
): Promise<Checked<Artifact>> {
  const name = shortOciReference(reference);
  const image = await findImage(client, reference.digest ?? reference.tag ?? 'latest', name);
  if (!image.ok) return image;
  const model = filesOf(image.value, name);
  if (!model.ok) return model;
  const facts = await readFacts(client, image.value, model.value, { name, signal: context.signal });
  if (!facts.ok) return facts;
  return checked(
    {
      source: formatOciReference(reference),
      revision: image.value.digest,
      manifest: image.value.text,
      files: model.value.files,
      weights: model.value.weights,
      facts: facts.value,
    },
    facts.problems,
  );
}

/** The image that a tag or digest stands for, by way of an index where there is one. */
async function findImage(
  client: RegistryClient,
  asked: string,
  name: string,
): Promise<Checked<ImageManifest>> {
  let wanted = asked;
  for (let depth = 0; depth <= indexDepthMax; depth += 1) {
    const manifest = parseManifest(await client.manifest(wanted), name);
    if (!manifest.ok) return manifest;
    if (manifest.value.kind === 'image') return checked(manifest.value);
    const entry = chooseEntry(manifest.value, name);
    if (!entry.ok) return entry;
    wanted = entry.value.digest;
  }
  return refused(badManifest(name, 'It is an index of indexes of indexes.'));
}

/**
 * What the config says, and over it what the weights say of themselves. A config that is large is
 * not read; one with other bytes than its digest is a registry that cannot be trusted at all.
 */
async function readFacts(
  client: RegistryClient,
  { config }: ImageManifest,
  { first }: ModelFiles,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<Checked<ArtifactFacts>> {
  let said: ArtifactFacts = {};
  if (config.mediaType !== emptyConfig && config.size <= configBytesMax) {
    const blob = await client.smallBlob(config.digest, configBytesMax);
    if (blob === null || sha256Text(blob) !== config.digest) return refused(wrongConfig(name));
    said = factsOf(Buffer.from(blob).toString('utf8'));
  }
  // Only GGUF has a header that is read here; what is complete already costs no further request.
  if (isComplete(said) || (said.format !== undefined && said.format !== 'gguf')) {
    return checked(said);
  }
  if (/\.safetensors$/i.test(first.path)) return checked({ ...said, format: 'safetensors' });
  const end = Math.min(first.bytes, headerBytesMax) - 1;
  const range = { start: 0, end: Math.max(end, 0) };
  const { bytes } = await client.openBlob(first.digest, { range, signal });
  const header = await readHeader(bytes, { name: first.path, bytes: first.bytes });
  return header.ok ? checked({ ...said, ...header.value }, header.problems) : header;
}

const isComplete = ({ format, architecture, quantization, contextLength }: ArtifactFacts) =>
  [format, architecture, quantization, contextLength].every((fact) => fact !== undefined);
