// `modelctl describe NAME`: all that is known of a model, wherever it is.
import type { HistoryEntry } from '../../core/history.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import { apiVersion } from '../../render/document.ts';
import { renderModel } from '../../render/model-description.ts';
import { modelItem } from '../../render/survey-document.ts';
import type { CommandContext, CommandRun } from '../command-context.ts';
import { readingLedger } from '../ledger-access.ts';
import { modelsNamed, surveyExitCode, surveyInView, tellUnreachable } from '../survey-view.ts';
import { historyItem } from './history.ts';

const historyLimit = 5;

export const describe: CommandRun = async (context) => {
  const { given, output } = context;
  const name = given.positionals[0] ?? '';
  const found = await surveyInView(context, { withWeights: true });
  tellUnreachable(found, context);
  const models = modelsNamed(found.models, name);
  if (models.length === 0) throw notFound(name);
  const history = await historyOf(models, context);
  const document = {
    apiVersion,
    kind: 'ModelDescription',
    items: models.map((one, at) => ({
      ...modelItem(one),
      history: (history[at] ?? []).map(historyItem),
    })),
  } as const;
  const code = surveyExitCode(found);
  await output.document(document, code);
  const io = await context.io();
  const options = { now: io.clock.now(), style: output.style };
  output.text(models.map((one, at) => renderModel(one, history[at] ?? [], options)).join('\n\n'));
  return code;
};

const historyOf = async (
  models: readonly { readonly host: string; readonly backend: string; readonly name: string }[],
  context: CommandContext,
): Promise<readonly (readonly HistoryEntry[])[]> =>
  readingLedger(await context.io(), (ledger) =>
    models.map(({ host, backend, name }) =>
      ledger
        .history({ name, limit: historyLimit * 4 })
        .filter((entry) => entry.host === host && entry.backend === backend)
        .slice(0, historyLimit),
    ),
  );

const notFound = (name: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'cli/not-found',
      summary: 'Nothing has this name',
      detail: `No engine that answers holds "${name}", and no set on this machine owns it.`,
      remedy: 'See what there is:\n\n    modelctl get',
    }),
  );
