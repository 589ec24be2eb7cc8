// A plan as a file: what was asked for and what came of it. Applying it asks again and goes on
// only when the outcome has the same fingerprint, so a file cannot make anything happen that the
// manifests, the lock and the machine do not say now. It holds no secrets: those are references.
import { resolve } from 'node:path';
import { type Digest, isDigest } from '../core/digest.ts';
import type { Plan } from '../core/plan.ts';
import { errorProblem, ProblemError } from '../core/problem.ts';
import type { ReconcileRequest } from '../reconcile.ts';
import { apiVersion, planDocument } from '../render/document.ts';
import type { CommandContext } from './command-context.ts';

export interface SavedRequest extends Omit<ReconcileRequest, 'mode'> {
  readonly expectedFingerprint: Digest;
}

const bytesMax = 64 * 1024 * 1024;

/** Throws ProblemError when a plan of this request could not be applied later. */
export function refuseUnsavable({ inputs }: Pick<ReconcileRequest, 'inputs'>): void {
  if (!inputs.includes('-')) return;
  throw refusal(
    'Standard input cannot be read again when the plan is applied.',
    'Name files with -f.',
  );
}

export async function savePlan(
  file: string,
  request: Omit<ReconcileRequest, 'mode'>,
  plan: Plan,
  context: CommandContext,
): Promise<void> {
  const io = await context.io();
  const { workingFolder } = io.environment;
  const inputs = request.inputs.map((input) => resolve(workingFolder, input));
  const saved = {
    apiVersion,
    kind: 'SavedPlan',
    modelctl: context.version,
    request: { ...request, inputs },
    plan: planDocument(plan),
  };
  const path = resolve(workingFolder, file);
  await io.files
    .writeAtomic(path, `${JSON.stringify(saved, null, 2)}\n`)
    .catch((error: unknown) => {
      throw new ProblemError(
        errorProblem({
          code: 'cli/not-written',
          summary: 'A file could not be written',
          detail: `The plan could not be saved as ${path}: ${reasonOf(error)}.`,
          remedy: 'Choose a folder that you may write to.',
        }),
      );
    });
  context.output.remark(`Saved. To apply exactly this:\n\n    ${context.program} apply ${file}\n`);
}

/** Throws ProblemError when the file is not a plan of ours. */
export async function readSavedPlan(file: string, context: CommandContext): Promise<SavedRequest> {
  const io = await context.io();
  const path = resolve(io.environment.workingFolder, file);
  const bytes = await io.files.readBytes(path, bytesMax).catch((error: unknown) => {
    throw refusal(`${path} cannot be read: ${reasonOf(error)}.`);
  });
  const saved = parse(new TextDecoder().decode(bytes));
  const { request, plan } = saved ?? {};
  if (saved?.kind !== 'SavedPlan' || !isRequest(request) || !isDigest(String(plan?.fingerprint))) {
    throw refusal(
      `${path} is not a saved plan.`,
      `To apply manifests:\n\n    modelctl apply -f ${file}`,
    );
  }
  if (saved.apiVersion !== apiVersion) {
    throw refusal(`${path} was saved by another version of modelctl.`, 'Plan again.');
  }
  return { ...request, expectedFingerprint: plan?.fingerprint as Digest };
}

interface SavedPlanFile {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly request?: unknown;
  readonly plan?: { readonly fingerprint?: unknown };
}

function parse(text: string): SavedPlanFile | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const switches = ['prune', 'locked', 'refreshOnly', 'sameSet'] as const;
const lists = ['takeOver', 'targets'] as const;

/** A file from outside is checked field by field before it becomes a request. */
function isRequest(value: unknown): value is Omit<ReconcileRequest, 'mode'> {
  if (typeof value !== 'object' || value === null) return false;
  const request = value as Readonly<Record<string, unknown>>;
  const optional = (field: string, test: (item: unknown) => boolean): boolean =>
    request[field] === undefined || test(request[field]);
  const known = new Set<string>(['inputs', 'host', 'allowEvictions', ...switches, ...lists]);
  return (
    Object.keys(request).every((key) => known.has(key)) &&
    isTexts(request['inputs']) &&
    optional('host', (item) => typeof item === 'string') &&
    optional('allowEvictions', Number.isSafeInteger) &&
    switches.every((field) => optional(field, (item) => typeof item === 'boolean')) &&
    lists.every((field) => optional(field, isTexts))
  );
}

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

const refusal = (detail: string, remedy?: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'cli/saved-plan',
      summary: 'A saved plan cannot be used',
      detail,
      ...(remedy === undefined ? {} : { remedy }),
    }),
  );
