// Where the ledger and the lock of this machine's reconcilers are. Pure.
import { join } from 'node:path';
import { homeOf } from './io/home.ts';
import type { Environment } from './io/io.ts';

/** Absolute. */
export const ledgerPathOf = (environment: Environment): string =>
  join(homeOf(environment).state, 'ledger.db');

/** Absolute. Held by whoever writes to the ledger or changes an engine. */
export const reconcilerLockPathOf = (environment: Environment): string =>
  join(homeOf(environment).state, 'lock.db');
