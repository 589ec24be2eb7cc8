// What a survey found, as data for `get`, `describe` and `adopt`: the shapes that schemas/output
// publishes. Times are RFC 3339 in UTC.
import type { LoadedState } from '../core/observed.ts';
import type {
  SurveyedBackend,
  SurveyedHost,
  SurveyedModel,
  SurveyedSet,
} from '../core/surveyed.ts';
import { problemDocument } from './document.ts';

type Plain = Readonly<Record<string, unknown>>;

export const modelItem = (one: SurveyedModel): Plain => ({
  name: one.name,
  model: one.model,
  host: one.host,
  backend: one.backend,
  presence: one.presence,
  status: one.status,
  detail: one.detail,
  residency: one.residency,
  digest: one.digest,
  weights: one.weights,
  bytes: one.bytes,
  loaded: one.loaded === null ? null : loadedItem(one.loaded),
  owners: one.owners,
  labels: one.labels,
});

const loadedItem = ({ expiresAt, load, memoryBytes, vramBytes, inUse }: LoadedState): Plain => ({
  expiresAt: expiresAt === 'never' ? expiresAt : new Date(expiresAt).toISOString(),
  load,
  memoryBytes,
  vramBytes,
  inUse,
});

/** The reference to a secret is left out: where it stands is nobody's business either. */
export const backendItem = (one: SurveyedBackend & { readonly models: number }): Plain => ({
  name: one.reference.name,
  type: one.reference.type,
  host: one.reference.host,
  id: one.reference.id,
  endpoint: one.reference.endpoint,
  store: one.reference.store,
  reachable: one.problem === null,
  version: one.version,
  models: one.problem === null ? one.models : null,
  freeDiskBytes: one.disk.kind === 'known' ? one.disk.freeBytes : null,
  ...(one.problem === null ? {} : { problem: problemDocument(one.problem) }),
});

export const hostItem = (one: SurveyedHost): Plain => ({
  name: one.name,
  thisMachine: one.isThisMachine,
  hostnames: one.hostnames,
  labels: one.labels,
});

export const setItem = (one: SurveyedSet): Plain => ({
  id: one.id,
  location: one.location,
  models: one.models,
});
