// How a registry of the distribution specification is asked for models: every kind of manifest is
// taken, tokens may come from another host, and docker's credentials are used where none are
// declared.
import { credentialsOf } from '../../distribution/credentials.ts';
import { dockerCredentials } from '../../distribution/docker-config.ts';
import {
  registryClient as distributionClient,
  type RegistryClient,
} from '../../distribution/registry.ts';
import type { Route } from '../../registries/route.ts';
import type { SourceContext } from '../../source.ts';
import { manifestTypes } from './manifest.ts';
import { type OciReference, shortOciReference } from './reference.ts';

/** All that is asked about one reference, over one route. */
export const registryClient = (
  reference: OciReference,
  route: Route,
  context: SourceContext,
): RegistryClient =>
  distributionClient(
    {
      name: reference.name,
      shown: shortOciReference(reference),
      ifMissing: 'Check the host, the name and the tag.',
      accept: [...manifestTypes.image, ...manifestTypes.index].join(', '),
      realms: 'any-host',
      credentials: credentialsOf(route, dockerCredentials(route.base.host, context.io)),
    },
    route,
    context,
  );
