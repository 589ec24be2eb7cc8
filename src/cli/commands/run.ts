// `modelctl run NAME [PROMPT]`: one question, its answer as it comes. Where the model is, the
// ledger knows; with -f, the manifests say.
import { engines } from '../../backends/index.ts';
import type { BackendReference } from '../../core/backend-reference.ts';
import { didYouMean } from '../../core/did-you-mean.ts';
import { backendKey, type Placement } from '../../core/key.ts';
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import { unlessAborted } from '../../core/unless-aborted.ts';
import type { Io } from '../../io/io.ts';
import { reconcile } from '../../reconcile.ts';
import { escapeBlock } from '../../render/escape.ts';
import { countOf, valueOf, valuesOf } from '../arguments.ts';
import { ask, type Question } from '../chat.ts';
import type { CommandContext, CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { firstOf } from '../first-problem.ts';
import { readingLedger } from '../ledger-access.ts';
import { ownedNamed } from '../owned-named.ts';

const promptBytesMax = 16 * 1024 * 1024;

export const run: CommandRun = async (context) => {
  const { given, signal, terminal } = context;
  const io = await context.io();
  const { placement, reference } = await findModel(given.positionals[0] ?? '', context, io);
  const question = await questionOf(placement.name, context, io);
  const endpoint = await engines.create(reference).inference({ io, signal });
  let last = '\n';
  for await (const part of ask(endpoint, question, { io, signal })) {
    if (terminal.stdout.isClosed()) return exitCode.done;
    // A terminal obeys what it is shown; a file or a pipe gets the answer as it is.
    terminal.stdout.write(terminal.stdout.isTty ? escapeBlock(part) : part);
    last = part;
  }
  if (!last.endsWith('\n')) terminal.stdout.write('\n');
  return exitCode.done;
};

async function questionOf(model: string, context: CommandContext, io: Io): Promise<Question> {
  const { given, signal } = context;
  const system = valueOf(given, 'system');
  const maxTokens = countOf(given, 'max-tokens');
  const prompt = given.positionals[1] ?? (await unlessAborted(readPrompt(io), signal));
  if (prompt.trim() === '') {
    throw new ProblemError(
      errorProblem({
        code: 'cli/no-prompt',
        summary: 'There is no question',
        detail: 'The prompt is empty.',
        remedy: `Ask something:\n\n    modelctl run ${given.positionals[0] ?? ''} "hello"`,
      }),
    );
  }
  return {
    model,
    prompt,
    ...(system === undefined ? {} : { system }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
  };
}

const readPrompt = async (io: Io): Promise<string> =>
  new TextDecoder().decode(await io.files.readStdin(promptBytesMax));

interface Found {
  readonly placement: Placement;
  readonly reference: BackendReference;
}

async function findModel(name: string, context: CommandContext, io: Io): Promise<Found> {
  const declared = valuesOf(context.given, 'filename').length > 0;
  const known = declared ? await fromManifests(context, io) : await fromLedger(io);
  const matches = ownedNamed(known.placements, name).toSorted(
    (a, b) => Number(b.role === 'model') - Number(a.role === 'model'),
  );
  // On several engines: the first in order of host and address, the same one each time.
  for (const placement of matches) {
    const reference = known.references.get(backendKey(placement));
    if (reference !== undefined) return { placement, reference };
  }
  // Without its ledger modelctl cannot know: that is not the same as nothing.
  if (known.problem !== null) throw new ProblemError(known.problem);
  throw notFound(
    name,
    known.placements.map((one) => one.model),
  );
}

interface Known {
  readonly placements: readonly (Placement & { readonly model: string; readonly role: string })[];
  readonly references: ReadonlyMap<string, BackendReference>;
  /** Why less may be known than there is. */
  readonly problem: Problem | null;
}

const fromLedger = (io: Io): Promise<Known> =>
  readingLedger(io, (ledger) => ({
    placements: ledger.inventory(),
    references: byKey(ledger.backends()),
    problem: ledger.problem,
  }));

async function fromManifests({ given, signal }: CommandContext, io: Io): Promise<Known> {
  const host = valueOf(given, 'host');
  const inputs = valuesOf(given, 'filename');
  const result = await reconcile(
    { inputs, mode: 'plan', ...(host === undefined ? {} : { host }) },
    { io, signal, report: () => undefined },
  );
  if (result.desired === null) throw firstOf(result.problems);
  return {
    placements: [...result.desired.placements.values()],
    references: byKey(result.backends),
    problem: null,
  };
}

const byKey = (references: readonly BackendReference[]): ReadonlyMap<string, BackendReference> =>
  new Map(references.map((one) => [backendKey({ host: one.host, backend: one.id }), one]));

function notFound(name: string, models: readonly string[]): ProblemError {
  const near = didYouMean(name, new Set(models));
  return new ProblemError(
    errorProblem({
      code: 'cli/not-found',
      summary: 'Nothing has this name',
      detail: `modelctl put no model "${name}" on this machine.${near === null ? '' : ` Did you mean "${near}"?`}`,
      remedy: 'Declare it and apply, or see what there is:\n\n    modelctl get',
    }),
  );
}
