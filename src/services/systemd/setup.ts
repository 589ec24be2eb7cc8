// What a unit of systemd needs beside the engine's environment.
import type { Setup } from '../setup.ts';
import type { Scope } from './systemctl.ts';

export interface SystemdSetup extends Setup {
  /** With its kind: `ollama.service`. */
  readonly unit: string;
  readonly scope: Scope;
}
