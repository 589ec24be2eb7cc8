// The plan: plain data that can be printed, saved, compared and executed, and that explains
// itself. Each action has a reason, its bytes and what it waits for; whatever is wanted but not
// done stands under `held`.
import type { Artifact } from './artifact.ts';
import type { Build, LoadOptions, Residency, Role } from './desired.ts';
import type { Digest } from './digest.ts';
import type { Held } from './held.ts';
import type { Placement } from './key.ts';
import type { Problem } from './problem.ts';
import type { SettingChange } from './service.ts';
import type { Way } from './way.ts';

export type Reason =
  | 'missing'
  | 'digest-drift'
  | 'config-drift'
  | 'residency-drift'
  | 'pruned'
  | 'makes-room';

/** Of what is done, or freed when negative. Null where nobody knows. */
export interface ActionBytes {
  readonly download: number;
  readonly disk: number | null;
  readonly memory: number | null;
}

export type ActionId = string;

export interface ActionBase extends Placement {
  /** Stable for the same work: kind, backend and name. */
  readonly id: ActionId;
  /** metadata.name of the Model; of the Backend where it is about the engine itself. */
  readonly model: string;
  readonly reason: Reason;
  /** One sentence for people: what differs. */
  readonly because: string;
  readonly bytes: ActionBytes;
  /** Actions that must have succeeded before this one starts. */
  readonly after: readonly ActionId[];
  /** Content goes that nothing here brings back; so does it with every eviction. */
  readonly loses?: boolean;
  /** It was as wanted and somebody else undid that: the `wantedDigest` of the placement. */
  readonly corrects?: Digest;
}

/** Brings an artifact to a name. */
export interface PullAction extends ActionBase {
  readonly kind: 'pull';
  readonly artifact: Artifact;
  /** The engine's digest afterwards, where it is known beforehand. */
  readonly digest: Digest | null;
  /** What is there now: null for nothing. Anything else met at the time is left alone. */
  readonly replaces: Digest | null;
  /** How it gets there, on engines that have several ways in; never a better one than this. */
  readonly way?: Way;
  /** What a client's own request loads the name with, on engines that keep that beside it. */
  readonly load?: LoadOptions;
}

/** Makes a name from what the backend already holds, or imports our verified files. */
export interface CreateAction extends ActionBase {
  readonly kind: 'create';
  readonly build: Build;
  readonly artifact: Artifact;
  readonly digest: Digest | null;
  readonly replaces: Digest | null;
  /** Of imported files; see PullAction. */
  readonly way?: Way;
  readonly load?: LoadOptions;
}

export interface LoadAction extends ActionBase {
  readonly kind: 'load';
  readonly load: LoadOptions;
}

export interface UnloadAction extends ActionBase {
  readonly kind: 'unload';
}

export interface EvictAction extends ActionBase {
  readonly kind: 'evict';
  /** The recorded digest: something else under the name is left alone. */
  readonly replaces: Digest;
}

/** Writes down how an engine is set up from its next start on. Its `name` is `engineName`. */
export interface ConfigureAction extends ActionBase {
  readonly kind: 'configure';
  readonly changes: readonly SettingChange[];
}

/** Starts an engine, anew if it runs; whatever was in memory is gone. Its `name` is `engineName`. */
export interface RestartAction extends ActionBase {
  readonly kind: 'restart';
  /** What it holds is known only afterwards: the run looks again then, and goes on. */
  readonly reveals: boolean;
}

export type ModelAction = PullAction | CreateAction | LoadAction | UnloadAction | EvictAction;
export type ServiceAction = ConfigureAction | RestartAction;
export type Action = ModelAction | ServiceAction;
export type ActionKind = Action['kind'];

export const isServiceAction = (action: Action): action is ServiceAction =>
  action.kind === 'configure' || action.kind === 'restart';

/** A placement that is as it should be. */
export interface Unchanged extends Placement {
  readonly model: string;
  readonly role: Role;
  readonly digest: Digest;
  readonly residency: Residency;
  /** It was there already and now belongs to this set. */
  readonly adopted: boolean;
}

/** What left the set and stays, because nobody asked to prune. Changes no exit code. */
export interface Leftover extends Placement {
  readonly model: string;
  readonly digest: Digest;
  readonly bytes: number;
  /** The command that would remove it, or why nothing would. */
  readonly remedy: string;
}

/** What someone else changed on a placement of ours, whether or not this plan corrects it. */
export interface Drift extends Placement {
  readonly model: string;
  readonly reason: Reason;
  /** One sentence: what was recorded and what is there. */
  readonly because: string;
}

export interface Plan {
  /** The set's id. */
  readonly set: string;
  readonly revision: Digest;
  /** Hash of the decision and of what it rests on: a saved plan with another base is refused. */
  readonly fingerprint: Digest;
  readonly actions: readonly Action[];
  readonly unchanged: readonly Unchanged[];
  readonly held: readonly Held[];
  readonly leftovers: readonly Leftover[];
  /** Names that this set gives up without an eviction, because another set owns them too. */
  readonly released: readonly Placement[];
  readonly drift: readonly Drift[];
  readonly warnings: readonly Problem[];
}
