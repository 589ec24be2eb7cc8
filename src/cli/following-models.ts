// `get models -w`: prints the models, and then those that stand in another way than before, until it
// is stopped. The ledger is asked each second whether anybody wrote, the engines every few.
import { canonicalJson } from '../core/canonical.ts';
import { errorProblem, ProblemError } from '../core/problem.ts';
import type { SurveyedModel } from '../core/surveyed.ts';
import { modelColumns } from '../render/model-table.ts';
import { modelItem } from '../render/survey-document.ts';
import { renderTable } from '../render/table.ts';
import { createLedgerReader } from '../watch/ledger-reader.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { modelsNamed, selectorOf, surveyInView } from './survey-view.ts';

const ledgerPollMs = 1_000;
const enginesPollMs = 5_000;

/** Ends with the signal, and with 0 then: there is no other end. */
export async function followModels(
  names: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  refuseFormat(context);
  const io = await context.io();
  const { signal } = context;
  const reader = createLedgerReader(io);
  const isSelected = selectorOf(context);
  const told = new Map<string, string>();
  try {
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const found = (await surveyInView(quietly(context, isFirst))).models.filter(isSelected);
      const rows =
        names.length === 0 ? found : names.flatMap((name) => [...modelsNamed(found, name)]);
      show(changedRows(rows, told), isFirst, io.clock.now(), context);
      if (context.terminal.stdout.isClosed()) return exitCode.done;
      await reader.ledger();
      const generation = reader.generation();
      for (let waitedMs = 0; waitedMs < enginesPollMs; waitedMs += ledgerPollMs) {
        await io.clock.sleep(ledgerPollMs, signal);
        await reader.ledger();
        if (reader.generation() !== generation) break;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    reader.close();
  }
  return exitCode.done;
}

function refuseFormat({ output }: CommandContext): void {
  if (['text', 'table', 'wide', 'json'].includes(output.format) && !output.streaming) return;
  throw new ProblemError(
    errorProblem({
      code: 'cli/invalid-argument',
      summary: 'Invalid argument',
      detail: '-w goes with -o table, wide or json, and with nothing else.',
      remedy: 'modelctl get -w -o json',
    }),
  );
}

/** What is wrong is told once; it would else be told with every look. */
const quietly = (context: CommandContext, isFirst: boolean): CommandContext =>
  isFirst ? context : { ...context, output: { ...context.output, problem: () => undefined } };

interface Row {
  readonly model: SurveyedModel;
  /** It is not on any list any more. */
  readonly isGone: boolean;
}

function changedRows(rows: readonly SurveyedModel[], told: Map<string, string>): readonly Row[] {
  const now = new Map(rows.map((model) => [keyOf(model), model]));
  const changed: Row[] = [];
  for (const [key, model] of now) {
    const text = canonicalJson(lasting(model));
    if (told.get(key) !== text) changed.push({ model, isGone: false });
    told.set(key, text);
  }
  for (const [key, text] of told) {
    if (now.has(key)) continue;
    told.delete(key);
    const model = { ...(JSON.parse(text) as SurveyedModel), presence: 'absent' as const };
    changed.push({ model: { ...model, loaded: null, digest: null, bytes: null }, isGone: true });
  }
  return changed;
}

const keyOf = ({ host, backend, name }: SurveyedModel): string => `${host}|${backend}|${name}`;

/** When it would be unloaded moves with every request to it; that is no news. */
const lasting = (model: SurveyedModel): SurveyedModel => ({
  ...model,
  loaded:
    model.loaded === null || model.loaded.expiresAt === 'never'
      ? model.loaded
      : { ...model.loaded, expiresAt: 0, inUse: 'unknown' },
});

function show(rows: readonly Row[], isFirst: boolean, now: number, context: CommandContext): void {
  const { output, terminal } = context;
  if (output.format === 'json') {
    for (const { model } of rows) terminal.stdout.write(`${JSON.stringify(modelItem(model))}\n`);
    return;
  }
  const columns = modelColumns(now).filter(
    (column) => column.wide !== true || output.format === 'wide',
  );
  const there = rows.filter(({ isGone }) => !isGone).map(({ model }) => model);
  if (isFirst || there.length > 0) {
    const [heading = '', ...lines] = renderTable(columns, there, output.style).split('\n');
    output.text([...(isFirst ? [heading] : []), ...lines].join('\n'));
  }
  for (const { model, isGone } of rows) if (isGone) output.text(`${model.name}  is gone`);
}
