// The extension point for engines: read this to add one. A backend is one folder with three
// files: index.ts (this interface), client.ts (wire I/O) and translate.ts (pure: wire to core and
// back). It stands in the one list, backends/index.ts, and passes test/backends/contract.ts.
import type { ObtainedFile } from '../artifacts/transfer/obtained.ts';
import type { Artifact, ArtifactFile } from '../core/artifact.ts';
import type { BackendReference, BackendType, SecretReference } from '../core/backend-reference.ts';
import type { ChangeSetEntry } from '../core/changeset.ts';
import type {
  Build,
  DesiredPlacement,
  LoadOptions,
  ParameterValue,
  Recipe,
  Residency,
  Role,
} from '../core/desired.ts';
import type { Digest } from '../core/digest.ts';
import type { FolderAccess } from '../core/folder-access.ts';
import type { BackendId } from '../core/key.ts';
import type { BackendObservation, Details } from '../core/observed.ts';
import type { ModelAction, ServiceAction } from '../core/plan.ts';
import type { Checked, Problem } from '../core/problem.ts';
import type { BackendService, BackendSettings } from '../core/resource.ts';
import type { ObservedService, ServiceFields } from '../core/service.ts';
import type { SharedFile, SharedFiles } from '../core/shared-file.ts';
import type { Io } from '../io/io.ts';

export type { BackendType } from '../core/backend-reference.ts';

/** What a Model asks of one backend, after all defaults have been applied. */
export interface ModelRequest {
  /** metadata.name. */
  readonly model: string;
  /** Canonical source reference. */
  readonly source: string;
  /** What the source resolved to; absent while that is not known. */
  readonly artifact?: Artifact;
  readonly servedName?: string;
  readonly aliases: readonly string[];
  readonly residency: Residency;
  readonly runtime: LoadOptions;
  readonly derive?: {
    readonly system?: string;
    readonly template?: string;
    readonly parameters?: Readonly<Record<string, ParameterValue>>;
    readonly adapters?: Recipe['adapters'];
  };
}

/** One name that serving the request takes, in the engine's normal form. */
export interface PlacementShape {
  readonly name: string;
  readonly role: Role;
  readonly build: Build;
  readonly residency: Residency;
  readonly load: LoadOptions;
}

/** What the pipeline wants to know beyond the list of what is there. */
export interface Question {
  /** Names whose details matter: derived ones and their bases. */
  readonly detailsOf: ReadonlySet<string>;
  /** Details by digest that are known already and need no request. */
  readonly remembered: ReadonlyMap<Digest, Details>;
  /** Artifacts per name: where the name is absent or differs, their present blobs are told. */
  readonly wanted: ReadonlyMap<
    string,
    { readonly artifact: Artifact; readonly digest: Digest | null }
  >;
  /** Also what nobody asked for and is told only after a walk; see Backend.listsOnRequest. */
  readonly everything?: true;
}

export interface BackendContext {
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** What an action needs besides the engine: verified bytes, and someone to tell of progress. */
export interface PerformContext extends BackendContext {
  readonly onBytes: (completedBytes: number, totalBytes: number) => void;
  /**
   * A local, verified copy of a file of the artifact: fetched when it is not there yet. `file://`
   * sources are verified where they are and not copied. `onBytes` counts those of this file alone.
   * Throws ProblemError.
   */
  readonly obtain: (
    artifact: Artifact,
    file: ArtifactFile,
    onBytes: (completedBytes: number) => void,
  ) => Promise<ObtainedFile>;
  /** What is ours in caches that other tools use too. */
  readonly sharedFiles: SharedFiles;
  /** Whether an engine with a store of its own has a file, and so keeps its name in such a cache. */
  readonly isStored: (file: Pick<SharedFile, 'cache' | 'digest' | 'bytes'>) => Promise<boolean>;
  /** What the reference of an artifact stands for upstream now; the lock may say otherwise. */
  readonly revisionUpstream: (artifact: Artifact) => Promise<Checked<Digest>>;
}

export type Performed = Pick<
  ChangeSetEntry,
  'outcome' | 'digest' | 'downloadedBytes' | 'problem'
> & {
  /** Learned on the way and worth remembering for the digest. */
  readonly details?: Details;
};

/** A file of the engine's store that a name is served from. */
export interface KeptFile {
  /** Absolute; it need not be there. */
  readonly path: string;
  /** Within the artifact, or what it is to the store. */
  readonly file: string;
  readonly digest: Digest;
  readonly bytes: number;
  /** Beside it, and taken for nothing by the engine: where a replacement is made. */
  readonly temporary: string;
  /** It may be a second name of verified bytes elsewhere; else it has to belong as its folder does. */
  readonly mayShare: boolean;
  /** False where the Backend's owner wants nothing written there. Default: true. */
  readonly mayWrite?: boolean;
  /** All that is to stand in it, where modelctl itself can tell. */
  readonly text?: string;
}

export type Kept =
  | { readonly kind: 'files'; readonly files: readonly KeptFile[] }
  | { readonly kind: 'absent' }
  /** The name holds, on purpose or not, something else than is wanted: that is for `plan`. */
  | { readonly kind: 'other' }
  /** It cannot be told, and why. */
  | { readonly kind: 'closed'; readonly problem: Problem };

export interface Backend {
  readonly type: BackendType;
  /** Unique on its host; see design section 3. */
  readonly id: BackendId;
  /** For people: `Ollama at http://127.0.0.1:11434`. */
  readonly label: string;
  /**
   * What it stores are the very files, under names of its own: one that other tools of this machine
   * share takes no room twice.
   */
  readonly keepsFiles?: true;
  /** Others put much into it: that is listed only for a question that wants everything. */
  readonly listsOnRequest?: true;
  /**
   * Pure. The names that serving this request takes, bases before what is derived from them,
   * aliases last; or why this engine cannot (code `backend/unsupported`, naming the field).
   */
  readonly check: (request: ModelRequest) => Checked<readonly PlacementShape[]>;
  /**
   * Pure. The engine's digest of a shape once built, where that can be known beforehand; `shapes`
   * are all of the same request, for those that are built on another.
   */
  readonly identify: (
    shape: PlacementShape,
    artifact: Artifact,
    shapes: readonly PlacementShape[],
  ) => Digest | null;
  /**
   * Pure. The one spelling of a name under which the engine lists it; null when it cannot be a
   * name here.
   */
  readonly canonicalName: (name: string) => string | null;
  /**
   * Reads only. An engine that is down is an answer (`unreachable`), not an exception. Makes a
   * fixed number of requests when everything wanted is there and remembered.
   */
  readonly observe: (question: Question, context: BackendContext) => Promise<BackendObservation>;
  /**
   * The only method that writes. Looks again at what it is about to change, beside the state,
   * immediately before it acts: `replaces` still there, not in use. Safe to repeat; finding the
   * work done is success. Never throws for an engine's failure: the problem is in the result,
   * and its `retry` says whether trying again can help.
   */
  readonly perform: (action: ModelAction, context: PerformContext) => Promise<Performed>;
  /**
   * Reads only. For people who ask whether bytes are still right: where the engine keeps those of
   * what is wanted, by name. `observation` is of the same moment.
   */
  readonly keeps: (
    placements: readonly DesiredPlacement[],
    observation: BackendObservation,
    context: BackendContext,
  ) => Promise<ReadonlyMap<string, Kept>>;
  /**
   * Where clients talk to it in the OpenAI protocol (`/v1/chat/completions` and so on), started
   * if it is one that modelctl starts on demand. Throws ProblemError, also where it only stores.
   */
  readonly inference: (context: BackendContext) => Promise<InferenceEndpoint>;
}

export interface InferenceEndpoint {
  /** Without the path: `http://127.0.0.1:11434`. */
  readonly url: string;
  /** May hold a token: never printed. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a Backend object, or the lack of one, says about an engine on this machine. */
export interface BackendDeclaration {
  readonly host: string;
  readonly type: BackendType;
  /** metadata.name of the Backend; null when none was declared. */
  readonly name: string | null;
  readonly endpoint?: string;
  readonly store?: string;
  readonly files?: FolderAccess;
  readonly auth?: SecretReference;
}

/** What a Backend object says about how its engine is run and set up. */
export interface ServiceDeclaration {
  readonly service: BackendService;
  readonly settings: BackendSettings;
}

/** How an engine is run, apart from the models that it holds. */
export interface Service {
  /** What its manifest asks for, as far as that may be shown. */
  readonly fields: ServiceFields;
  readonly storeField: string | null;
  /** What it writes to: of two services with one place, each would undo what the other does. */
  readonly place: string;
  /** Reads only. `answers`: whether anything answers where the engine is to be. Throws ProblemError. */
  readonly observe: (
    context: BackendContext & { readonly answers: boolean },
  ) => Promise<ObservedService>;
  /** As `Backend.perform`: safe to repeat, looks again, and never throws for an expected failure. */
  readonly perform: (action: ServiceAction, context: BackendContext) => Promise<Performed>;
}

/** The list of engines (backends/index.ts) as the stages see it. */
export interface Engines {
  /** Fills in the engine's own defaults (OLLAMA_HOST, store paths) and its normalised id. */
  readonly refer: (declaration: BackendDeclaration, io: Io) => Promise<Checked<BackendReference>>;
  readonly create: (reference: BackendReference) => Backend;
  /** Refused, naming the field, where the engine has no such setting. Absent: none is ever run. */
  readonly serve?: (
    declaration: ServiceDeclaration,
    engine: { readonly reference: BackendReference; readonly backend: Backend },
    io: Io,
  ) => Checked<Service>;
}
