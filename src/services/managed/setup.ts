// What a managed service needs beside the engine's environment.
import type { Setup } from '../setup.ts';

export interface ManagedSetup extends Setup {
  readonly program: string;
  readonly arguments: readonly string[];
}
