// How a plan case is written: what its YAML may say.
import type { LoadOptions, Recipe, Residency } from '../../src/core/desired.ts';
import type { Held } from '../../src/core/held.ts';
import { type LedgerView } from '../../src/core/inventory.ts';
import type { RegistryAnswer } from '../../src/core/observed.ts';
import type { ServiceFields, ServiceObstacle } from '../../src/core/service.ts';

export interface PlanCase {
  readonly title: string;
  readonly desired?: {
    readonly set?: string;
    readonly incomplete?: string;
    readonly models?: readonly WantedModel[];
    readonly held?: readonly (Omit<Held, 'host' | 'backend'> & { backend?: string })[];
  };
  readonly observed?: Readonly<Record<string, SeenBackend | 'unreachable'>>;
  /** How engines are to be run, and how they are; by backend. */
  readonly services?: Readonly<Record<string, CaseService>>;
  /** Digests that another store of this machine has. */
  readonly nearby?: readonly string[];
  /** What registries say now of models that would come through an API, by name. */
  readonly registries?: Readonly<Record<string, RegistryAnswer>>;
  readonly ledger?: {
    readonly mode?: LedgerView['mode'];
    readonly owns?: readonly OwnedName[];
    readonly made?: readonly (MadeFrom & { readonly digest: string })[];
    readonly interrupted?: readonly string[];
    /** Models by backend. */
    readonly recent?: Readonly<Record<string, readonly string[]>>;
    readonly approved?: readonly string[];
    readonly suspended?: readonly { readonly model: string; readonly reason: string }[];
    /** How often each name was brought about again within the hour, as it is wanted now. */
    readonly corrections?: readonly {
      readonly name: string;
      readonly builds?: number;
      readonly loads?: number;
    }[];
    /** Names that were given up, as they are wanted now. */
    readonly contested?: readonly string[];
  };
  readonly options?: {
    readonly prune?: boolean;
    readonly takeOver?: readonly string[];
    readonly allowEvictions?: number;
    readonly targets?: readonly string[];
    readonly refreshOnly?: boolean;
    readonly backends?: readonly string[];
    /** A loop asks: what did not converge, by name. */
    readonly loop?: Readonly<Record<string, string>>;
  };
  readonly plan: string;
}

export interface WantedModel {
  readonly name: string;
  readonly model?: string;
  readonly backend?: string;
  readonly digest?: string;
  readonly bytes?: number;
  readonly context?: number;
  /** The engine rewrites it: its digest cannot be foreseen. */
  readonly imported?: boolean;
  /** Imported from the web instead of a file of this machine. */
  readonly web?: boolean;
  /** Its lock entry has the registry's manifest. */
  readonly manifest?: boolean;
  readonly from?: string;
  readonly recipe?: Recipe;
  readonly aliasOf?: string;
  readonly role?: 'model' | 'base' | 'alias';
  readonly residency?: Residency;
  readonly load?: LoadOptions;
  readonly prune?: 'Delete' | 'Keep' | 'Confirm';
  readonly priority?: number;
  readonly driftPolicy?: 'Warn' | 'Ignore';
}

export interface CaseService {
  readonly wants: ServiceFields;
  readonly store?: string;
  /** Left out: as wanted. */
  readonly written?: ServiceFields | null;
  readonly running?: ServiceFields | 'unknown' | null;
  /** Left out: as written. */
  readonly recorded?: ServiceFields | null;
  readonly untried?: boolean;
  readonly unattended?: boolean;
  readonly obstacle?: ServiceObstacle;
}

export interface SeenBackend {
  readonly free?: number;
  /** Which way in is open; absent for an engine that has one only. */
  readonly way?: 'files' | 'api';
  /** What is fetched lies on the engine's disk. */
  readonly beside?: boolean;
  readonly blobs?: readonly string[];
  /** How many models it keeps in memory. */
  readonly slots?: number;
  readonly warns?: readonly string[];
  readonly holds?: readonly {
    readonly name: string;
    readonly digest: string;
    readonly bytes?: number;
    readonly weights?: string;
    readonly recipe?: Recipe;
    readonly configured?: LoadOptions;
    readonly cutOff?: boolean;
    readonly served?: false;
    readonly loaded?: {
      readonly expires?: 'never' | number;
      readonly load?: LoadOptions;
      readonly inUse?: boolean;
      /** On an engine that counts by name. */
      readonly ownHold?: boolean;
    };
  }[];
}

export interface OwnedName {
  readonly name: string;
  readonly digest?: string | null;
  readonly model?: string;
  readonly backend?: string;
  readonly set?: string;
  readonly adopted?: boolean;
  readonly residency?: Residency;
  readonly prune?: 'Delete' | 'Keep' | 'Confirm';
  readonly base?: string;
  readonly made?: MadeFrom;
  /** It was seen to be as it is wanted now; `false`: as something else. */
  readonly settled?: boolean;
}

export interface MadeFrom {
  readonly from: string;
  readonly base?: string;
  readonly recipe?: Recipe;
}
