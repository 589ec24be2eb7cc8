// What is asked of systemd, and how it answers. Everything here ends in time and says why it failed.
import type { BackendContext } from '../../backends/backend.ts';
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import type { Ran } from '../../io/io.ts';

export type Scope = 'system' | 'user';

export interface UnitStatus {
  readonly isKnown: boolean;
  /** `active`, `inactive`, `failed`, `activating` … */
  readonly active: string;
  /** 0 while none runs. */
  readonly mainPid: number;
}

const askMs = 10_000;
/** A unit may take its time to end: systemd's own limit is 90 s. */
const changeMs = 120_000;
const outputBytesMax = 256 * 1024;

export const systemctlWords = (scope: Scope): readonly string[] =>
  scope === 'user' ? ['systemctl', '--user'] : ['systemctl'];

const run = (
  scope: Scope,
  given: readonly string[],
  { io, signal }: BackendContext,
  timeoutMs: number,
): Promise<Ran> => {
  const [program = '', ...before] = systemctlWords(scope);
  const all = [...before, '--no-ask-password', ...given];
  return io.processes.run(program, all, { timeoutMs, signal, outputBytesMax });
};

/** Throws ProblemError where there is no systemd to ask. */
export async function unitStatus(
  unit: string,
  scope: Scope,
  context: BackendContext,
): Promise<UnitStatus> {
  const properties = 'LoadState,ActiveState,MainPID';
  const ran = await run(scope, ['show', unit, `--property=${properties}`], context, askMs);
  if (ran.kind !== 'ended' || ran.code !== 0) throw new ProblemError(noSystemd(scope, ran));
  const values = new Map(
    ran.output.split('\n').map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)] as const;
    }),
  );
  return {
    isKnown: values.get('LoadState') === 'loaded',
    active: values.get('ActiveState') ?? 'unknown',
    mainPid: Number(values.get('MainPID') ?? 0) || 0,
  };
}

/** Reads the files anew and starts the unit with them. Null, or why it failed. */
export async function reloadAndRestart(
  unit: string,
  scope: Scope,
  context: BackendContext,
): Promise<string | null> {
  const read = await run(scope, ['daemon-reload'], context, askMs);
  return failureOf(read) ?? failureOf(await run(scope, ['restart', unit], context, changeMs));
}

export const reload = async (scope: Scope, context: BackendContext): Promise<string | null> =>
  failureOf(await run(scope, ['daemon-reload'], context, askMs));

/** What the unit said last; empty where the journal may not be read. */
export async function journal(
  unit: string,
  scope: Scope,
  { io, signal }: BackendContext,
): Promise<string> {
  const whose = scope === 'user' ? '--user-unit' : '--unit';
  const given = [whose, unit, '--lines=20', '--output=cat', '--no-pager'];
  const ran = await io.processes.run('journalctl', given, {
    timeoutMs: askMs,
    signal,
    outputBytesMax,
  });
  return ran.kind === 'ended' && ran.code === 0 ? ran.output : '';
}

function failureOf(ran: Ran): string | null {
  if (ran.kind === 'absent') return 'there is no systemctl';
  if (ran.kind === 'timed-out') return 'systemctl did not come to an end';
  const [said = ''] = ran.errors.trim().split('\n');
  return ran.code === 0 ? null : said || `systemctl ended with ${ran.code}`;
}

const noSystemd = (scope: Scope, ran: Ran): Problem =>
  errorProblem({
    code: 'service/no-systemd',
    summary: 'systemd cannot be asked',
    detail: `\`${systemctlWords(scope).join(' ')}\` does not answer: ${failureOf(ran) ?? 'it says nothing'}.`,
    remedy:
      'On a machine without systemd write `service: { type: managed }`, and modelctl runs the engine itself.',
    retry: 'later',
  });
