// What commands know of the process that they run in: two streams, how wide and how lively they
// are, and a few variables. main.ts brings the real one; tests bring text buffers.

export interface TextStream {
  readonly isTty: boolean;
  /** Columns of the terminal now; 80 where there is none. */
  readonly columns: () => number;
  /** Never throws; writes after the reader has gone are dropped. */
  readonly write: (text: string) => void;
  /** The reader has gone, as `head` does when it has seen enough. */
  readonly isClosed: () => boolean;
}

export interface Terminal {
  /** Results. */
  readonly stdout: TextStream;
  /** Everything else. */
  readonly stderr: TextStream;
  readonly environment: (name: string) => string | undefined;
  /** Absolute. */
  readonly workingFolder: string;
}
