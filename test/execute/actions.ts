// Small actions and plans for tests of the executor.

import { sha256Text } from '../../src/core/hash.ts';
import type { Action, ActionBase, ActionKind, Plan } from '../../src/core/plan.ts';

const digest = sha256Text('digest');
const artifact = {
  source: 'ollama://a',
  revision: digest,
  files: [],
  weights: digest,
  facts: {},
};

export function actionOf(kind: ActionKind, name: string, more: Partial<ActionBase> = {}): Action {
  const base: ActionBase = {
    id: `${kind} ${name}`,
    host: 'local',
    backend: 'engine',
    name,
    model: name,
    reason: 'missing',
    because: 'It is not there.',
    bytes: { download: 0, disk: 0, memory: null },
    after: [],
    ...more,
  };
  switch (kind) {
    case 'pull':
      return { ...base, kind, artifact, digest, replaces: null };
    case 'create':
      return { ...base, kind, artifact, digest: null, replaces: null, build: { kind: 'source' } };
    case 'load':
      return { ...base, kind, load: {} };
    case 'unload':
      return { ...base, kind };
    case 'configure':
      return { ...base, kind, changes: [] };
    case 'restart':
      return { ...base, kind, reveals: false };
    case 'evict':
      return { ...base, kind, replaces: digest };
  }
}

export const planOf = (...actions: readonly Action[]): Plan => ({
  set: 'set-1',
  revision: digest,
  fingerprint: digest,
  actions,
  unchanged: [],
  held: [],
  leftovers: [],
  released: [],
  drift: [],
  warnings: [],
});
