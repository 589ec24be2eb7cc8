// What comes of obtaining a file, in the form that backends are handed it (backends/backend.ts).

export interface ObtainedFile {
  /** Absolute. It may be read or cloned, never moved or changed. */
  readonly path: string;
  /** Bytes that came over the network for this call. */
  readonly downloadedBytes: number;
}
