// The port of other processes: ours that outlive us, those of others, and programs that are asked.

/** `missing`: there is no such program, or it may not be run; `silent`: it did not end in time. */
export type ProgramAnswer =
  | { readonly kind: 'missing' | 'silent' | 'endless' }
  /** No exit code: a signal ended it. */
  | { readonly kind: 'ended'; readonly exitCode: number | null; readonly answer: string };

/** `busy`: another process had it the whole time; `unavailable`: this machine has no flock(1). */
export type FileLock =
  | { readonly kind: 'held'; readonly release: () => Promise<void> }
  | { readonly kind: 'busy' | 'unavailable' };

export interface Processes {
  /** This process. */
  readonly pid: number;
  /**
   * Starts a Node program of ours that outlives this process (own process group, no terminal,
   * output appended to `logFile`, whose folder it works in). `environment` adds to this
   * process's own. Resolves with its pid once it runs.
   */
  readonly spawnDetached: (options: {
    readonly program: string;
    readonly arguments: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly logFile: string;
  }) => Promise<number>;
  readonly isAlive: (pid: number) => boolean;
  /** Names this run of the machine, from one start to the next; null when it cannot be told. */
  readonly bootId: () => Promise<string | null>;
  /**
   * When a process began, in the platform's own unit, so that a reused pid is told from the
   * process that was meant; null when the platform cannot tell or there is none.
   */
  readonly startOf: (pid: number) => Promise<string | null>;
  /**
   * Takes flock(2) on a file, made if absent, as programs in other languages do. It is held by a
   * child (Node cannot itself) until `release`, and let go when this process dies. The folder of
   * the file must be there.
   */
  readonly lockFile: (
    path: string,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ) => Promise<FileLock>;
  /**
   * Runs a program of the PATH without a shell and waits for its end, or ends it. `input` is what it
   * reads, its standard output the answer; what it says beside that is not looked at. Throws the
   * signal's reason, and for nothing else.
   */
  readonly ask: (options: {
    readonly program: string;
    readonly arguments: readonly string[];
    readonly input: string;
    readonly timeoutMs: number;
    readonly answerCharactersMax: number;
    readonly signal: AbortSignal;
  }) => Promise<ProgramAnswer>;
  /** Nothing there is fine. `group`: the whole process group that the process leads. */
  readonly signal: (pid: number, signal: 'SIGTERM' | 'SIGKILL', to?: 'process' | 'group') => void;
  /** Runs a program to its end, without a terminal and without input. Never throws for how it ends. */
  readonly run: (program: string, given: readonly string[], options: RunOptions) => Promise<Ran>;
  /**
   * What a process was started with; null when it cannot be told: it is gone, another user's, or the
   * platform does not say.
   */
  readonly environmentOf: (pid: number) => Promise<Readonly<Record<string, string>> | null>;
}

export interface RunOptions {
  /** The program is killed then. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Of output and errors each; the last ones are kept. */
  readonly outputBytesMax: number;
}

export type Ran =
  | {
      readonly kind: 'ended';
      readonly code: number;
      readonly output: string;
      readonly errors: string;
    }
  /** No such program. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'timed-out' };
