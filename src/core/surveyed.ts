// What a survey found: every engine that modelctl knows of or came across, what is there, and
// whose it is. For `get`, `describe` and `adopt`; nothing is decided by it.
import type { BackendReference } from './backend-reference.ts';
import type { Residency, Role } from './desired.ts';
import type { Digest } from './digest.ts';
import type { Placement } from './key.ts';
import type { Capacity, LoadedState } from './observed.ts';
import type { Problem } from './problem.ts';

export interface SurveyedBackend {
  readonly reference: BackendReference;
  /** `Ollama at http://127.0.0.1:11434`. */
  readonly label: string;
  /** Used before or declared; else only looked for. */
  readonly isKnown: boolean;
  /** Null when it did not answer. */
  readonly version: string | null;
  /** Why it did not answer; null when it did. */
  readonly problem: Problem | null;
  readonly disk: Capacity;
}

/** A set that owns the placement, as the ledger of this machine has it. */
export interface Owner {
  readonly set: string;
  readonly model: string;
  readonly role: Role;
  readonly residency: Residency;
  /** Found there, not brought. */
  readonly adopted: boolean;
}

/**
 * Against the manifests that were given: `InSync`; `Pending`, an action would change it; `Held`,
 * something stands in the way; `LeftOver`, no longer declared; `NotDeclared`, not ours either.
 * `Owned`: by some set, as far as the ledger knows; without manifests, the others are `NotOwned`.
 */
export type SurveyStatus =
  | 'InSync'
  | 'Pending'
  | 'Held'
  | 'LeftOver'
  | 'NotDeclared'
  | 'Owned'
  | 'NotOwned';

export interface SurveyedModel extends Placement {
  /** `unknown`: its engine did not answer, and the ledger says that it should be there. */
  readonly presence: 'there' | 'absent' | 'unknown';
  /** Null where it is absent or was never seen. */
  readonly digest: Digest | null;
  /** sha256 of the weights, where the engine tells. */
  readonly weights: Digest | null;
  /** Logical size: shared bytes are counted under each name. Null when not known. */
  readonly bytes: number | null;
  readonly loaded: LoadedState | null;
  readonly owners: readonly Owner[];
  /** metadata.name of the Model that wants it, or of its first owner; null when nobody's. */
  readonly model: string | null;
  readonly residency: Residency | null;
  readonly status: SurveyStatus;
  /** One sentence behind the status, where there is one. */
  readonly detail: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SurveyedHost {
  /** `local` where none is declared. */
  readonly name: string;
  readonly isThisMachine: boolean;
  readonly hostnames: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface SurveyedSet {
  readonly id: string;
  /** Where it lives: a path or a git remote; null when the ledger does not say. */
  readonly location: string | null;
  /** metadata.names of its Models, sorted. */
  readonly models: readonly string[];
}

export interface Survey {
  readonly backends: readonly SurveyedBackend[];
  /** Sorted by host, backend and name. */
  readonly models: readonly SurveyedModel[];
  /** The declared ones; this machine alone where none is. */
  readonly hosts: readonly SurveyedHost[];
  /** Those that own something on this machine. */
  readonly sets: readonly SurveyedSet[];
  /** What stood in the way of looking: the manifests', the ledger's. */
  readonly problems: readonly Problem[];
}
