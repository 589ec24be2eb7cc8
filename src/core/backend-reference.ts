// Enough to reach an engine again without the manifest that named it: what resolve hands to the
// backends' factory, and what the ledger remembers of every backend it has used.
import type { FolderAccess } from './folder-access.ts';
import type { BackendId } from './key.ts';

export type SecretReference = { readonly env: string } | { readonly file: string };

/** Every kind of engine, in the order in which one is looked for. */
export const backendTypes = ['ollama', 'llama-server', 'embedded', 'huggingface'] as const;
export type BackendType = (typeof backendTypes)[number];

export interface BackendReference {
  readonly host: string;
  readonly id: BackendId;
  readonly type: BackendType;
  /** Name of the declared Backend; null when it was found, not declared. */
  readonly name: string | null;
  /** Normalised `scheme://address:port`; null for an engine that modelctl starts itself. */
  readonly endpoint: string | null;
  /** Absolute path of its store on this machine; null when unknown or elsewhere. */
  readonly store: string | null;
  /** The most that may be done with the store's files; absent: what this process is able to. */
  readonly files?: FolderAccess;
  /** By reference only: the secret itself is read when it is sent. */
  readonly auth: SecretReference | null;
}
