// Files that are being made under a name of their own, until they are whole and get the one they are
// for. What a killed run was making is told from what another process is making now by the list of
// them: only who wrote a name there removes it.

/** The list, which outlives the process. Every method throws ProblemError when what it is kept in fails. */
export interface Drafts {
  /** Absolute paths. */
  readonly all: () => readonly string[];
  /** Before the file is made. Its name is used once, by this process alone. */
  readonly note: (path: string) => void;
  /** Once nothing is there any more: it has its name, or was removed. */
  readonly drop: (path: string) => void;
}
