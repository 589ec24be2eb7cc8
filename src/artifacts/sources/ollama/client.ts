// How Ollama's kind of registry differs from others: one media type, tokens from its own host only
// (Ollama itself demands that; the key that it signs with is none of ours), no docker credentials.
import { type OllamaName, shortOllamaName } from '../../../core/ollama-name.ts';
import { anonymous, credentialsOf } from '../../distribution/credentials.ts';
import {
  registryClient as distributionClient,
  type RegistryClient,
} from '../../distribution/registry.ts';
import type { Route } from '../../registries/route.ts';
import type { SourceContext } from '../../source.ts';
import { suggestName } from './reference.ts';

/** All that is asked about one name, over one route. */
export const registryClient = (
  name: OllamaName,
  route: Route,
  context: SourceContext,
): RegistryClient =>
  distributionClient(
    {
      name: `${name.namespace}/${name.model}`,
      shown: shortOllamaName(name),
      ifMissing: suggestName(name),
      accept: 'application/vnd.docker.distribution.manifest.v2+json',
      realms: 'own-host',
      credentials: credentialsOf(route, anonymous),
    },
    route,
    context,
  );
