// What comes of obtaining a file, in the form that backends are handed it (backends/backend.ts).

export interface ObtainedFile {
  /** Absolute. It may be read or cloned, never moved or changed. */
  readonly path: string;
  /**
   * It is there for this run only and nobody else's: a second name for it may be given away, with
   * its permissions.
   */
  readonly isTemporary?: true;
  /** Bytes that came over the network for this call. */
  readonly downloadedBytes: number;
  /**
   * Nobody writes into the file itself, so a second name for it is as good as a copy, and its hash
   * stays what it was when it was verified. A file of the user's may be edited at any time.
   */
  readonly isUnchanging: boolean;
}
