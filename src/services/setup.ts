// How one engine is to be started, in its own words: what its folder of backends/ makes of a Backend's
// settings. The kinds of services do not know which engine it is.
import type { BackendContext } from '../backends/backend.ts';
import type { SecretReference } from '../core/backend-reference.ts';
import { describeSecret } from '../core/secret.ts';
import type { ServiceFields } from '../core/service.ts';
import type { Io } from '../io/io.ts';
import { readSecret } from '../io/secret.ts';

export type Variables = Readonly<Record<string, string | SecretReference>>;

export interface Setup {
  /** metadata.name of the Backend. */
  readonly name: string;
  /** For people: `Ollama at http://127.0.0.1:11434`. */
  readonly label: string;
  readonly endpoint: string;
  readonly environment: Variables;
  /** Absolute path of a file without which it does not start; it may be empty. */
  readonly neededFile?: string;
  /** Whether the engine answers as itself. Throws only when aborted. */
  readonly isHealthy: (context: BackendContext) => Promise<boolean>;
}

/** As it may be shown. */
export const shownVariables = (variables: Variables): ServiceFields =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : describeSecret(value),
    ]),
  );

/** What stands for a value that may not be shown, since it may be a secret. */
const anotherValue = 'another value';

/**
 * Of what is wanted or was written, what an environment has, as it may be shown: a value is only where
 * both are plain text. A secret that cannot be read now is taken for the one that is there.
 */
export async function shownEnvironment(
  environment: Readonly<Record<string, string>>,
  { wanted, written }: { readonly wanted: Variables; readonly written: Variables },
  io: Pick<Io, 'environment' | 'files'>,
): Promise<ServiceFields> {
  const names = new Set([...Object.keys(wanted), ...Object.keys(written)]);
  const fields: Record<string, string> = {};
  for (const name of names) {
    const value = environment[name];
    if (value === undefined) continue;
    const want = wanted[name];
    const wrote = written[name];
    if (want !== undefined && typeof want !== 'string') {
      const secret = await readSecret(want, io);
      fields[name] = secret === null || secret === value ? describeSecret(want) : anotherValue;
    } else if (want === value || (typeof (want ?? wrote) === 'string' && isPlain(wrote))) {
      fields[name] = value;
    } else fields[name] = anotherValue;
  }
  return fields;
}

const isPlain = (value: string | SecretReference | undefined): boolean =>
  value === undefined || typeof value === 'string';
