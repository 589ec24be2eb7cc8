// What an engine is told when it starts: a Backend's settings in the engine's own words. Each engine
// that can be run as a service has one of these beside its `translate.ts`.
import type { SecretReference } from '../core/backend-reference.ts';
import type { Checked, Problem } from '../core/problem.ts';
import type { BackendSettings } from '../core/resource.ts';
import { unsupported } from './unsupported.ts';

export interface ServedEngine {
  /** Of its program, and of the unit that its installer makes. */
  readonly name: string;
  /** What it is started with, unless a Backend says otherwise. */
  readonly arguments: readonly string[];
  /** The variable that says where it keeps its models. */
  readonly storeVariable: string;
  /** The variables that have it answer at an endpoint. */
  readonly listening: (endpoint: URL) => Readonly<Record<string, string>>;
  /** What it needs to serve what modelctl keeps for it in that folder. Absent: nothing. Pure. */
  readonly serving?: (store: string) => Serving;
  /** Refused, naming the field, for what the engine has no setting for. Pure. */
  readonly variables: (
    settings: BackendSettings,
  ) => Checked<Readonly<Record<string, string | SecretReference>>>;
}

export interface Serving {
  readonly variables: Readonly<Record<string, string>>;
  /** Absolute path of a file without which it does not start; it may be empty. */
  readonly neededFile: string;
}

/** Proxies and what has no field of its own mean the same to every engine. */
export const sharedVariables = ({
  httpProxy,
  httpsProxy,
  noProxy,
  environment = {},
}: BackendSettings): Readonly<Record<string, string | SecretReference>> =>
  present({ HTTP_PROXY: httpProxy, HTTPS_PROXY: httpsProxy, NO_PROXY: noProxy, ...environment });

export const present = <T>(variables: Readonly<Record<string, T | undefined>>) =>
  Object.fromEntries(
    Object.entries(variables).filter((pair): pair is [string, T & {}] => pair[1] !== undefined),
  );

/** A variable of `environment` that a field sets as well: one of the two would be lost. */
export const doubled = (
  { environment = {} }: BackendSettings,
  fields: Readonly<Record<string, unknown>>,
): readonly Problem[] =>
  Object.keys(environment)
    .filter((name) => fields[name] !== undefined)
    .map((name) =>
      unsupported(
        `spec.settings.environment.${name}`,
        `${name} is what another field sets already.`,
        'Remove one of the two.',
      ),
    );
