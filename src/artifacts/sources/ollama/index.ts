// Source `ollama://`: models in registries that speak Ollama's protocol. The manifest is read
// first, so that the plan knows bytes and digests before an engine is asked to pull anything.
import type { ArtifactFacts } from '../../../core/artifact.ts';
import { sha256Text } from '../../../core/hash.ts';
import { type OllamaName, shortOllamaName } from '../../../core/ollama-name.ts';
import {
  type Checked,
  checked,
  errorProblem,
  type Problem,
  ProblemError,
  refused,
  warningProblem,
} from '../../../core/problem.ts';
import { wrongConfig } from '../../distribution/manifest-document.ts';
import { configBytesMax, type RegistryClient } from '../../distribution/registry.ts';
import { readOver } from '../../registries/remote-file.ts';
import { overRoutes, type Route } from '../../registries/route.ts';
import type { Source, SourceContext } from '../../source.ts';
import { registryClient } from './client.ts';
import { formatOllamaName, originOf, parseOllamaReference } from './reference.ts';
import { artifactOf, type Manifest, parseFacts, parseManifest } from './translate.ts';

export const ollamaSource = {
  scheme: 'ollama',
  canonicalize: (reference) => {
    const name = parseOllamaReference(reference);
    return name.ok ? checked(formatOllamaName(name.value)) : name;
  },
  resolve: async (reference, context) => {
    const name = parseOllamaReference(reference);
    if (!name.ok) return name;
    return overRoutes(routesOf(name.value, context), context.signal, async (route) => {
      const client = registryClient(name.value, route, context);
      const short = shortOllamaName(name.value);
      const manifest = parseManifest(await client.manifest(name.value.tag), short);
      if (!manifest.ok) return manifest;
      const facts = await readFacts(client, manifest.value, short);
      if (!facts.ok) return facts;
      const source = formatOllamaName(name.value);
      return checked(artifactOf(source, manifest.value, facts.value), facts.problems);
    });
  },
  open: (artifact, file, context) => {
    const name = parseOllamaReference(artifact.source);
    if (!name.ok) throw new ProblemError(name.problems[0] ?? notCanonical);
    const clients = routesOf(name.value, context).map((route) => ({
      ...route,
      client: registryClient(name.value, route, context),
    }));
    return readOver(clients, context.io.clock, ({ client }, part, redirects) =>
      client.openBlob(file.digest, { ...part, redirects }),
    );
  },
} satisfies Source;

const routesOf = (name: OllamaName, { routes }: SourceContext): readonly Route[] =>
  routes(originOf(name));

const notCanonical = errorProblem({
  code: 'source/invalid',
  summary: 'A source cannot be read',
  detail: 'The reference is not one of ollama://.',
});

// Facts are for people: a config that is missing or large costs them and no more. One whose bytes
// are not those of its digest is a registry that cannot be trusted with the weights either.
async function readFacts(
  client: RegistryClient,
  manifest: Manifest,
  name: string,
): Promise<Checked<ArtifactFacts>> {
  const { digest, bytes } = manifest.config;
  if (bytes > configBytesMax) return checked({}, [withoutFacts(name)]);
  let blob: Uint8Array | null;
  try {
    blob = await client.smallBlob(digest, configBytesMax);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.retry === 'later') throw error;
    return checked({}, [withoutFacts(name)]);
  }
  if (blob === null || sha256Text(blob) !== digest) return refused(wrongConfig(name));
  const facts = parseFacts(blob);
  return facts === null ? checked({}, [withoutFacts(name)]) : checked(facts);
}

const withoutFacts = (name: string): Problem =>
  warningProblem({
    code: 'source/no-facts',
    summary: 'A source does not say what it holds',
    detail: `The configuration of ${name} cannot be read: its format, size and context length stay unknown.`,
  });
