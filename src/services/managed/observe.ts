// How an engine runs that modelctl starts itself: what is written for its next start, what its process
// was started with, and whether anybody looks after it.
import { errorProblem, type Problem } from '../../core/problem.ts';
import type { ObservedService, ServiceFields } from '../../core/service.ts';
import type { Io } from '../../io/io.ts';
import { portTaken } from '../outcome.ts';
import { shownEnvironment, shownVariables, type Variables } from '../setup.ts';
import { type Found, find } from './place.ts';
import type { ManagedSetup } from './setup.ts';

export async function observe(
  setup: ManagedSetup,
  folder: string,
  { io, answers }: { readonly io: Io; readonly answers: boolean },
): Promise<ObservedService> {
  const found = await find(folder, io);
  const { settings, former } = found;
  const written = settings === null ? null : managedFields(settings);
  // Also while ours ends again and again: then because of what answers there.
  const isForeign = answers && !found.isRunning;
  const taken = portTaken(setup.label, setup.endpoint);
  return {
    written,
    recorded: written,
    untried: former !== null,
    running: isForeign ? null : await runningFields(setup, found, io),
    unattended: found.isRunning && !found.isSupervised,
    problem: conditionOf(setup, found, folder),
    obstacle: isForeign
      ? { because: 'conflict', detail: taken.detail, remedy: taken.remedy ?? '' }
      : null,
  };
}

export const managedFields = ({
  program,
  arguments: given,
  environment,
}: {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Variables;
}): ServiceFields => ({
  ...shownVariables(environment),
  program,
  arguments: given
    .map((one) => (/^[\w@%+=:,./-]+$/.test(one) ? one : JSON.stringify(one)))
    .join(' '),
});

async function runningFields(
  setup: ManagedSetup,
  { state, settings, isRunning, isSupervised }: Found,
  io: Io,
): Promise<ObservedService['running']> {
  if (state === null) return null;
  // Between two starts: what it is being started with.
  if (!isRunning) return isSupervised && settings !== null ? managedFields(settings) : null;
  const environment = state.engine && (await io.processes.environmentOf(state.engine.pid));
  if (environment === null) return 'unknown';
  const written = settings?.environment ?? {};
  const variables = await shownEnvironment(environment, { wanted: setup.environment, written }, io);
  const { program, arguments: given } = state;
  return { ...managedFields({ program, arguments: given, environment: {} }), ...variables };
}

/** Nothing that a run could do about it: the supervisor goes on trying. */
function conditionOf(
  { label }: ManagedSetup,
  { state, isRunning, isSupervised }: Found,
  folder: string,
): Problem | null {
  if (state === null || isRunning || !isSupervised) return null;
  const often = state.failures === 1 ? 'once' : `${state.failures} times in a row`;
  return errorProblem({
    code: state.phase === 'crash-loop' ? 'service/crash-loop' : 'service/ended',
    summary: 'An engine that modelctl keeps running has ended',
    detail: `${label} ended ${often}, the last time with ${state.lastEnd ?? 'nobody knows what'}. It is started again.`,
    remedy: `Its log says why:\n\n    ${folder}/engine.log`,
    retry: 'later',
  });
}
