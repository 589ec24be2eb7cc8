// What a command line may hold: the shape of the one table (commands.ts) that parsing, help,
// suggestions and completion are all derived from.

/** What a shell should offer for a value. */
export type Completes =
  | 'file'
  | 'model'
  /** A Model of the manifests that -f names, else one that the ledger knows. */
  | 'declared'
  | 'placement'
  | 'transfer'
  /** A transfer that can still be ended. */
  | 'unfinished'
  /** Of the manifests that -f names. */
  | 'registry'
  | 'backend'
  | 'host'
  | 'set'
  | 'field'
  | 'command'
  | readonly string[];

export interface Flag {
  /** Long form without dashes. */
  readonly name: string;
  readonly short?: string;
  /** Placeholder of its value, as in `FILE`; absent: the flag takes none. */
  readonly value?: string;
  /** What the value must be. Default: any text. */
  readonly type?: 'count' | 'duration' | 'rate' | readonly string[];
  readonly repeatable?: true;
  readonly completes?: Completes;
  /** One sentence without a full stop. */
  readonly summary: string;
}

export interface Positionals {
  /** As usage shows them: `NAME`, `[NAME...]`. */
  readonly usage: string;
  readonly min: number;
  readonly max: number;
  readonly completes?: Completes;
  /** The first one must be one of these. */
  readonly choices?: readonly string[];
  /** What stands behind one of them. */
  readonly namesOf?: Readonly<Record<string, Completes>>;
}

export interface Command {
  readonly name: string;
  /** One sentence without a full stop. */
  readonly summary: string;
  /** Further paragraphs of help. */
  readonly details?: readonly string[];
  readonly positionals?: Positionals;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** Not offered to people. */
  readonly hidden?: true;
}

/** Taken by every command, before or after its name. */
export const globalFlags: readonly Flag[] = [
  { name: 'help', short: 'h', summary: 'show help' },
  { name: 'no-color', summary: 'never colour the output; NO_COLOR does the same' },
  { name: 'quiet', short: 'q', summary: 'print results and errors only' },
  { name: 'verbose', short: 'v', summary: 'print more: what is unchanged, digests' },
];

export const flagsOf = (command: Command | null): readonly Flag[] => [
  ...(command?.flags ?? []),
  ...globalFlags,
];
