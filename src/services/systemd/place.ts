// Where the files of a unit stand, and what is in the way of writing them: links, other people's
// files, rights. Reads only.
import { join } from 'node:path';
import type { ServiceObstacle } from '../../core/service.ts';
import { isAbsent } from '../../io/error-code.ts';
import type { Io } from '../../io/io.ts';
import { isOurs, renderDropIn } from './drop-in.ts';
import type { SystemdSetup } from './setup.ts';
import { systemctlWords } from './systemctl.ts';

export interface Place {
  /** Where systemd looks for units of its owner. */
  readonly units: string;
  readonly folder: string;
  readonly dropIn: string;
  readonly secrets: string;
  /** What worked before, while something else is tried. systemd reads `*.conf` only. */
  readonly formerDropIn: string;
  readonly formerSecrets: string;
}

export function placeOf(
  { unit, scope }: SystemdSetup,
  { environment }: Pick<Io, 'environment'>,
): Place {
  const config = environment.get('XDG_CONFIG_HOME');
  const own = config?.startsWith('/') ? config : join(environment.homeFolder, '.config');
  const units = scope === 'system' ? '/etc/systemd/system' : join(own, 'systemd', 'user');
  const folder = join(units, `${unit}.d`);
  const file = (name: string): string => join(folder, `50-modelctl.${name}`);
  return {
    units,
    folder,
    dropIn: file('conf'),
    secrets: file('env'),
    formerDropIn: file('conf.former'),
    formerSecrets: file('env.former'),
  };
}

const fileBytesMax = 4 * 1024 * 1024;

/** Null when nothing is there, or nothing that this user may read. */
export async function readText(path: string, { files }: Pick<Io, 'files'>): Promise<string | null> {
  try {
    return new TextDecoder().decode(await files.readBytes(path, fileBytesMax));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (isAbsent(error) || code === 'EACCES') return null;
    throw error;
  }
}

export async function obstacleOf(
  setup: SystemdSetup,
  place: Place,
  text: string | null,
  { files, environment }: Io,
): Promise<ServiceObstacle | null> {
  const expected = [
    [place.folder, 'folder'],
    [place.dropIn, 'file'],
    [place.secrets, 'file'],
  ] as const;
  for (const [path, kind] of expected) {
    const found = await files.entry(path).catch(() => null);
    if (found !== null && found.kind !== kind) {
      const detail = `${path} is a ${found.kind} where modelctl writes a ${kind}, and is not followed.`;
      return { because: 'conflict', detail, remedy: 'Move it away.' };
    }
  }
  if (text !== null && !isOurs(text)) {
    const detail = `${place.dropIn} was not written by modelctl.`;
    return { because: 'conflict', detail, remedy: 'Rename it, so that it stays in force.' };
  }
  if (setup.scope === 'user') return null;
  if ((await files.accessTo(place.units)) === 'write') return null;
  const detail = `Only root may write ${place.dropIn} and restart ${setup.unit}.`;
  return { because: 'needs-privilege', detail, remedy: commandsFor(setup, place, environment) };
}

/** To be copied as they are. */
function commandsFor(setup: SystemdSetup, place: Place, { platform }: Io['environment']): string {
  const hasSecrets = Object.values(setup.environment).some((value) => typeof value !== 'string');
  if (hasSecrets || platform === 'win32') {
    return 'It holds secrets, so let root do it, with the variables that they are read from:\n\n    sudo --preserve-env modelctl apply -f …';
  }
  const systemctl = `sudo ${systemctlWords(setup.scope).join(' ')}`;
  const lines = [
    `sudo mkdir -p ${place.folder}`,
    `sudo tee ${place.dropIn} >/dev/null <<'END'`,
    ...renderDropIn(setup.environment, place.secrets).trimEnd().split('\n'),
    'END',
    `${systemctl} daemon-reload`,
    `${systemctl} restart ${setup.unit}`,
  ];
  return `Run as root:\n\n${lines.map((line) => `    ${line}`).join('\n')}`;
}
