// The public API: what `import { apply, plan, survey, … } from 'modelctl'` gives. What is
// not exported here may change with any release.

export type { Sources } from './artifacts/source.ts';
export type { CachedRepository, CacheScan } from './artifacts/stores/huggingface/scanned.ts';
export type { Backend, Engines } from './backends/backend.ts';
export type { Bundled, BundledLine, BundleRequest, CopyProgress } from './bundle.ts';
export type { Artifact, ArtifactFacts, ArtifactFile } from './core/artifact.ts';
export type { BackendReference } from './core/backend-reference.ts';
export type { ChangeSet, ChangeSetEntry, Outcome } from './core/changeset.ts';
export type { Condition } from './core/condition.ts';
export type { Desired, DesiredPlacement, LoadOptions, Residency, Role } from './core/desired.ts';
export type { Digest } from './core/digest.ts';
export type { ActionChanges, FieldChange } from './core/field-change.ts';
export type { Held, HeldBecause } from './core/held.ts';
export type { Placement, PlacementKey } from './core/key.ts';
export type { BackendObservation, Observed, ObservedPlacement } from './core/observed.ts';
export type { Action, ActionBytes, Drift, Leftover, Plan, Reason, Unchanged } from './core/plan.ts';
export type { Checked, Origin, Problem } from './core/problem.ts';
export type { ProgressEvent, Report } from './core/progress.ts';
export type { Manifests, Resource } from './core/resource.ts';
export type {
  Owner,
  Survey,
  SurveyedBackend,
  SurveyedHost,
  SurveyedModel,
  SurveyedSet,
  SurveyStatus,
} from './core/surveyed.ts';
export type { ChangedPart, LockedLine, Standing, Version } from './core/upstream.ts';
export type {
  Damage,
  DamageFound,
  HashProgress,
  Repair,
  StoredFile,
  UnverifiedName,
  Verdict,
  VerifiedCopy,
} from './core/verification.ts';
export type { ReconcileAnswer, RunningWatch, Suspension } from './core/wish.ts';
export type { Io } from './io/io.ts';
export {
  apply,
  askWatches,
  bundle,
  type CopyOptions,
  lock,
  type Options,
  outdated,
  type PlanRequest,
  plan,
  repair,
  restore,
  resume,
  scanHuggingFaceCache,
  survey,
  suspend,
  update,
  validate,
  verify,
  watch,
} from './library.ts';
export type { Locked, LockRequest } from './lock.ts';
export type { Outdated, OutdatedRequest } from './outdated.ts';
export {
  type LockState,
  type ReconcileContext,
  type ReconcileRequest,
  type Reconciliation,
  reconcile,
} from './reconcile.ts';
export type { RepairContext, Repaired, RepairRequest } from './repair.ts';
export type { Restored, RestoredLine, RestoreRequest } from './restore.ts';
export type { SurveyRequest } from './survey.ts';
export type { Updated, UpdateRequest } from './update.ts';
export type { Verified, VerifyContext, VerifyRequest } from './verify.ts';
export type { Watched, WatchRequest } from './watch.ts';
export type { Asked, OwnedModel } from './wishes.ts';
