// How an engine runs that systemd starts: what our drop-in says, what the process of the unit was
// started with, as far as this user may see it, and what is in the way of changing it.
import type { BackendContext } from '../../backends/backend.ts';
import type { ObservedService } from '../../core/service.ts';
import { shownEnvironment, type Variables } from '../setup.ts';
import { isOurs, parseDropIn } from './drop-in.ts';
import { obstacleOf, placeOf, readText } from './place.ts';
import { readRecord } from './record.ts';
import type { SystemdSetup } from './setup.ts';
import { type UnitStatus, unitStatus } from './systemctl.ts';

export async function observe(
  setup: SystemdSetup,
  context: BackendContext,
): Promise<ObservedService> {
  const { io } = context;
  const place = placeOf(setup, io);
  const status = await unitStatus(setup.unit, setup.scope, context);
  const text = await readText(place.dropIn, io);
  const written = text !== null && isOurs(text) ? parseDropIn(text, place.secrets) : null;
  const recorded = await readRecord(place, io);
  const absent = {
    because: 'unsupported',
    detail: `systemd knows no unit ${setup.unit}.`,
    remedy: 'Install the engine, or correct `service.unit` of the Backend.',
  } as const;
  return {
    written,
    recorded,
    untried: (await io.files.entry(place.formerDropIn).catch(() => null)) !== null,
    running: await runningOf(setup, status, { ...recorded, ...written }, context),
    unattended: false,
    problem: null,
    obstacle: status.isKnown ? await obstacleOf(setup, place, text, io) : absent,
  };
}

async function runningOf(
  setup: SystemdSetup,
  { mainPid }: UnitStatus,
  known: Readonly<Record<string, string>>,
  { io }: BackendContext,
): Promise<ObservedService['running']> {
  if (mainPid === 0) return null;
  const environment = await io.processes.environmentOf(mainPid);
  if (environment === null) return 'unknown';
  return shownEnvironment(
    environment,
    { wanted: setup.environment, written: asVariables(known) },
    io,
  );
}

/** A drop-in tells of a secret where it is read from: enough to know that it is none to show. */
const asVariables = (fields: Readonly<Record<string, string>>): Variables =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const [, env] = /^from the variable (\w+)$/.exec(value) ?? [];
      const [, file] = /^from the file (\/.*|~\/.*)$/.exec(value) ?? [];
      return [name, env !== undefined ? { env } : file !== undefined ? { file } : value];
    }),
  );
