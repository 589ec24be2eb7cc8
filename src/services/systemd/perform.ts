// Writes a drop-in and restarts its unit. What worked before stays beside the file until the engine
// has answered with the new one, and is put back, with another restart, when it does not.
import type { BackendContext, Performed } from '../../backends/backend.ts';
import type { ServiceAction } from '../../core/plan.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import { errorCode } from '../../io/error-code.ts';
import { readSecret } from '../../io/secret.ts';
import { waitFor } from '../../io/wait-for.ts';
import { logTail } from '../log-tail.ts';
import { makeNeededFile } from '../needed-file.ts';
import { done, failedWith, guarded, notHealthy } from '../outcome.ts';
import { shownVariables } from '../setup.ts';
import { renderDropIn, renderSecrets } from './drop-in.ts';
import { obstacleOf, type Place, placeOf, readText } from './place.ts';
import { writeRecord } from './record.ts';
import type { SystemdSetup } from './setup.ts';
import { journal, reload, reloadAndRestart, systemctlWords, unitStatus } from './systemctl.ts';

const healthyMs = 60_000;

export const perform = (
  setup: SystemdSetup,
  action: ServiceAction,
  context: BackendContext,
): Promise<Performed> =>
  guarded(setup.label, context, async () => {
    const place = placeOf(setup, context.io);
    await refuseObstacles(setup, place, context);
    return action.kind === 'configure'
      ? configure(setup, place, context)
      : restart(setup, place, context);
  });

/** What was not in the way a moment ago may be now. Throws ProblemError. */
async function refuseObstacles(
  setup: SystemdSetup,
  place: Place,
  { io }: BackendContext,
): Promise<void> {
  const obstacle = await obstacleOf(setup, place, await readText(place.dropIn, io), io);
  if (obstacle === null) return;
  const { detail, remedy } = obstacle;
  const code = `service/${obstacle.because}`;
  const summary = 'An engine cannot be set up from here';
  throw new ProblemError(errorProblem({ code, summary, detail, remedy }));
}

async function configure(
  setup: SystemdSetup,
  place: Place,
  context: BackendContext,
): Promise<Performed> {
  const { io } = context;
  const text = renderDropIn(setup.environment, place.secrets);
  const secrets = await secretsOf(setup, context);
  try {
    await keepFormer(place, context);
    // The secrets first: a unit that names a file that is not there does not start.
    if (secrets !== null) await io.files.writeAtomic(place.secrets, secrets, { mode: 0o600 });
    await io.files.writeAtomic(place.dropIn, text, { mode: 0o644 });
    if (secrets === null) await io.files.remove(place.secrets);
  } catch (error) {
    throw new ProblemError(notWritten(place, error), { cause: error });
  }
  await writeRecord(place, shownVariables(setup.environment), io);
  const why = await reload(setup.scope, context);
  if (why === null) return done('configured');
  return failedWith(
    errorProblem({
      code: 'service/not-reloaded',
      summary: 'systemd did not read its files anew',
      detail: `${place.dropIn} is written, but ${why}.`,
      remedy: `Look why:\n\n    ${systemctlWords(setup.scope).join(' ')} daemon-reload`,
      retry: 'later',
    }),
  );
}

/** Null where there are none. Throws ProblemError where one cannot be read. */
async function secretsOf(
  { environment, label }: SystemdSetup,
  { io }: BackendContext,
): Promise<string | null> {
  const secrets: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (typeof value === 'string') continue;
    const secret = await readSecret(value, io);
    if (secret === null || secret.includes('\n')) {
      const where = 'env' in value ? `the variable ${value.env}` : `the file ${value.file}`;
      throw new ProblemError(
        errorProblem({
          code: 'service/no-secret',
          summary: 'A secret for an engine cannot be read',
          detail: `${name} of ${label} is to be read from ${where}, which holds none on one line.`,
          remedy: 'Put it there, or correct spec.settings of the Backend.',
          path: `spec.settings.environment.${name}`,
          retry: 'later',
        }),
      );
    }
    secrets[name] = secret;
  }
  return Object.keys(secrets).length === 0 ? null : renderSecrets(secrets);
}

/** An empty file says that there was none. What was never seen to work is not kept. */
async function keepFormer(place: Place, { io }: BackendContext): Promise<void> {
  if ((await io.files.entry(place.formerDropIn)) !== null) return;
  const text = await readText(place.dropIn, io);
  const secrets = await readText(place.secrets, io);
  await io.files.writeAtomic(place.formerSecrets, secrets ?? '', { mode: 0o600 });
  await io.files.writeAtomic(place.formerDropIn, text ?? '', { mode: 0o644 });
}

async function restart(
  setup: SystemdSetup,
  place: Place,
  context: BackendContext,
): Promise<Performed> {
  const why = await restartAndWait(setup, context);
  if (why === null) {
    await forgetFormer(place, context);
    return done('restarted');
  }
  const said = await journal(setup.unit, setup.scope, context);
  const tail = await logTail(said, setup.environment, context.io);
  const putBack = await putFormerBack(setup, place, context);
  const log = `journalctl ${setup.scope === 'user' ? '--user-unit' : '--unit'} ${setup.unit}`;
  return failedWith(notHealthy(setup.label, why, { tail, putBack, log }));
}

/** Null when it answers; else why not, as the end of a sentence. */
async function restartAndWait(
  setup: SystemdSetup,
  context: BackendContext,
): Promise<string | null> {
  const { unit, scope } = setup;
  await makeNeededFile(setup, context.io);
  const why = await reloadAndRestart(unit, scope, context);
  if (why !== null) return `cannot be restarted: ${why}`;
  const end = await waitFor(healthyMs, context, async () => {
    const { active } = await unitStatus(unit, scope, context);
    if (active === 'failed') return 'failed';
    return active === 'active' && (await setup.isHealthy(context)) ? 'healthy' : null;
  });
  if (end === 'healthy') return null;
  return end === 'failed' ? 'ended again' : `did not answer within ${healthyMs / 1000} s`;
}

/** What became of the settings that worked before, as a sentence. */
async function putFormerBack(
  setup: SystemdSetup,
  place: Place,
  context: BackendContext,
): Promise<string> {
  const { io } = context;
  const text = await readText(place.formerDropIn, io);
  if (text === null) return 'Its settings are those that it had before.';
  const secrets = await readText(place.formerSecrets, io);
  if (secrets === null || secrets === '') await io.files.remove(place.secrets);
  else await io.files.writeAtomic(place.secrets, secrets, { mode: 0o600 });
  if (text === '') await io.files.remove(place.dropIn);
  else await io.files.writeAtomic(place.dropIn, text, { mode: 0o644 });
  await forgetFormer(place, context);
  const why = await restartAndWait(setup, context);
  return why === null
    ? 'It runs with its former settings again.'
    : `It was given its former settings again, and ${why}.`;
}

async function forgetFormer(place: Place, { io }: BackendContext): Promise<void> {
  await io.files.remove(place.formerDropIn);
  await io.files.remove(place.formerSecrets);
}

function notWritten({ dropIn }: Place, error: unknown) {
  const code = errorCode(error);
  if (code === undefined) throw error;
  return errorProblem({
    code: 'service/not-written',
    summary: 'The settings of an engine cannot be written',
    detail: `${dropIn} cannot be written (${code}).`,
    remedy: 'Make room and give this user the right to write there.',
  });
}
