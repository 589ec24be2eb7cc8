// Every change to a fake world passes here, so that a test can count them, make one of them fail,
// or end the run right after one, as a crash would.

export interface Effect {
  readonly kind:
    | 'write'
    | 'append'
    | 'part'
    | 'rename'
    | 'clone'
    | 'link'
    | 'symlink'
    | 'remove'
    | 'folder'
    | 'spawn'
    | 'signal'
    | 'run';
  /** The path, or the program and pid. */
  readonly subject: string;
}

export interface FakeEffects {
  readonly done: readonly Effect[];
  /** The `count`-th effect from now (1: the next) fails with this code and changes nothing. */
  readonly failAfter: (count: number, code: 'ENOSPC' | 'EIO' | 'EACCES' | 'EROFS') => void;
  /** Every effect of this kind fails with this code and changes nothing, as on a disk without it. */
  readonly forbid: (kind: Effect['kind'], code: string) => void;
  /** Called after each effect; what it throws ends the call that caused the effect. */
  readonly watch: (watcher: ((effect: Effect) => void) | null) => void;
  /** For the fakes: applies a change, or fails in its place. */
  readonly apply: <T>(effect: Effect, change: () => T) => T;
}

export function createFakeEffects(): FakeEffects {
  const done: Effect[] = [];
  let failure: { readonly at: number; readonly code: string } | null = null;
  let watcher: ((effect: Effect) => void) | null = null;
  let attempts = 0;
  const forbidden = new Map<Effect['kind'], string>();
  return {
    done,
    failAfter: (count, code) => {
      failure = { at: attempts + count, code };
    },
    forbid: (kind, code) => {
      forbidden.set(kind, code);
    },
    watch: (next) => {
      watcher = next;
    },
    apply: (effect, change) => {
      attempts += 1;
      if (attempts === failure?.at) throw systemError(failure.code, effect.kind, effect.subject);
      const code = forbidden.get(effect.kind);
      if (code !== undefined) throw systemError(code, effect.kind, effect.subject);
      const result = change();
      done.push(effect);
      watcher?.(effect);
      return result;
    },
  };
}

/** An error as node throws it. */
export const systemError = (code: string, call: string, path: string): Error =>
  Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
