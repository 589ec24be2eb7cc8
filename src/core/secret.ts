// A secret by reference, in front of people and in plans: where it is read from, never what it is.
import type { SecretReference } from './backend-reference.ts';

/** `from the variable HF_TOKEN`, `from the file /run/secrets/token`. */
export const describeSecret = (reference: SecretReference): string =>
  'env' in reference ? `from the variable ${reference.env}` : `from the file ${reference.file}`;
