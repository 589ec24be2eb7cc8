// An artifact is what a source resolved to: exact bytes, named by digest. No floating tag gets
// past `resolve`; from there on modelctl speaks of artifacts only.
import type { Digest } from './digest.ts';

export interface ArtifactFile {
  /** Unique within the artifact, relative, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly digest: Digest;
  /** The registry's media type, where there is one. */
  readonly mediaType?: string;
  /**
   * 40 hex digits: the object id of a file that Git itself keeps, by which the Hub's own tools name
   * it. It is never compared: the digest says what the bytes are.
   */
  readonly gitSha1?: string;
}

/** What the header of the weights, or the registry's config, says. Shown to people; never a key. */
export interface ArtifactFacts {
  readonly format?: string;
  readonly architecture?: string;
  readonly quantization?: string;
  /** In tokens, as trained. */
  readonly contextLength?: number;
  /** Number of parameters, counted. */
  readonly parameters?: number;
  readonly license?: string;
}

export interface Artifact {
  /** The source in canonical form, as in `ollama://registry.ollama.ai/library/qwen3:8b`. */
  readonly source: string;
  /** The digest of the raw registry manifest where there is one, else of the files. */
  readonly revision: Digest;
  /**
   * Where the bytes are fetched from, on a host of Git repositories: 40 hex digits. It says nothing
   * of what they are, so it is never compared.
   */
  readonly commit?: string;
  /** The registry's manifest, byte for byte. */
  readonly manifest?: string;
  readonly files: readonly ArtifactFile[];
  /** Of the weights, one file or several: what use, desire and sharing are counted by. */
  readonly weights: Digest;
  readonly facts: ArtifactFacts;
}

export const artifactBytes = (artifact: Artifact): number =>
  artifact.files.reduce((sum, file) => sum + file.bytes, 0);
