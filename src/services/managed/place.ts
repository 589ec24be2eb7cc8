// Where the supervisor of an engine keeps its files on this machine, and what stands in them. One
// folder for each endpoint: two engines cannot answer at one.
import { join } from 'node:path';
import { digestHex } from '../../core/digest.ts';
import { sha256Text } from '../../core/hash.ts';
import { isAbsent } from '../../io/error-code.ts';
import { homeOf } from '../../io/home.ts';
import type { Io } from '../../io/io.ts';
import { isRunning } from '../../io/is-running.ts';
import {
  type EngineSettings,
  parseSettings,
  parseState,
  type SupervisorState,
  supervisorFiles,
} from '../../supervisor/protocol.ts';

const fileBytesMax = 4 * 1024 * 1024;

export const servicesFolder = (io: Pick<Io, 'environment'>): string =>
  join(homeOf(io.environment).state, 'services');

export function folderOf(endpoint: string, io: Pick<Io, 'environment'>): string {
  const readable = endpoint.replace(/^https?:\/\//, '').replaceAll(/[^A-Za-z0-9.]+/g, '-');
  const unique = digestHex(sha256Text(endpoint)).slice(0, 8);
  return join(servicesFolder(io), `${readable.slice(0, 80)}-${unique}`);
}

export interface Found {
  readonly settings: EngineSettings | null;
  /** The settings that worked before; null while none are tried. */
  readonly former: EngineSettings | null;
  readonly state: SupervisorState | null;
  readonly isSupervised: boolean;
  readonly isRunning: boolean;
}

/** Reads only. What a state file says is checked against the processes that it names. */
export async function find(folder: string, io: Io): Promise<Found> {
  const [settings, former, state] = await Promise.all([
    readText(join(folder, supervisorFiles.settings), io),
    readText(join(folder, supervisorFiles.former), io),
    readText(join(folder, supervisorFiles.state), io),
  ]);
  const said = state === null ? null : parseState(state);
  const engine = said?.engine ?? null;
  return {
    settings: settings === null ? null : parseSettings(settings),
    former: former === null ? null : parseSettings(former),
    state: said,
    isSupervised: said !== null && (await isRunning(io.processes, said.supervisor)),
    isRunning: engine !== null && (await isRunning(io.processes, engine)),
  };
}

async function readText(path: string, { files }: Io): Promise<string | null> {
  try {
    return new TextDecoder().decode(await files.readBytes(path, fileBytesMax));
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}
