// A resource is one object that a user declared, after validation. The shapes of `spec` are
// generated from schemas/; this file only joins them into one closed union.
import type { BackendManifest } from '../generated/backend.ts';
import type { CategoryManifest } from '../generated/category.ts';
import type { HardwareTargetManifest } from '../generated/hardware-target.ts';
import type { HostManifest } from '../generated/host.ts';
import type { ModelManifest } from '../generated/model.ts';
import type { RegistryManifest } from '../generated/registry.ts';
import type { Origin } from './problem.ts';

export type { BackendService, BackendSettings } from '../generated/backend.ts';

export type Declared<M> = M & { readonly origin: Origin };

export type ModelResource = Declared<ModelManifest>;
export type CategoryResource = Declared<CategoryManifest>;
export type HardwareTargetResource = Declared<HardwareTargetManifest>;
export type HostResource = Declared<HostManifest>;
export type BackendResource = Declared<BackendManifest>;
export type RegistryResource = Declared<RegistryManifest>;

export type Resource =
  | ModelResource
  | CategoryResource
  | HardwareTargetResource
  | HostResource
  | BackendResource
  | RegistryResource;

export type Kind = Resource['kind'];

/** What the load stage hands on: every resource that was read, and whether that was all. */
export interface Manifests {
  readonly resources: readonly Resource[];
  /** Absolute paths of the files read, sorted; `-` for stdin. */
  readonly files: readonly string[];
  /** The nearest folder that holds all inputs; the lock is looked for from here upwards. */
  readonly folder: string;
  /** False for stdin: what came from there is a part, and nothing is pruned on its account. */
  readonly complete: boolean;
  /** Where a field stands, as in `['spec', 'targets', 0]`; the object's start if it is absent. */
  readonly locate: (resource: Resource, path: readonly (string | number)[]) => Origin;
}

/** `Model/starter`: how an object is called in every message. */
export const resourceLabel = (resource: {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}): string => `${resource.kind}/${resource.metadata.name}`;
