// `modelctl adopt`: a report of what the engines hold, whose it is, and what is there twice. Reads
// only: what is declared is adopted by the next apply, without an action.
import type { SurveyedModel } from '../../core/surveyed.ts';
import { apiVersion } from '../../render/document.ts';
import { ownerText } from '../../render/model-table.ts';
import { renderBackend } from '../../render/placement.ts';
import { count, formatBytes, joinWords } from '../../render/quantity.ts';
import { modelItem } from '../../render/survey-document.ts';
import { type Column, renderMarkdownTable, renderTable } from '../../render/table.ts';
import type { CommandRun } from '../command-context.ts';
import { type Copies, copiesOf } from '../copies.ts';
import { surveyExitCode, surveyInView, tellUnreachable } from '../survey-view.ts';

export const adopt: CommandRun = async (context) => {
  const { output } = context;
  const found = await surveyInView(context, { withWeights: true });
  const code = surveyExitCode(found);
  const models = found.models.filter(({ presence }) => presence === 'there');
  const copies = copiesOf(models);
  await output.document(
    {
      apiVersion,
      kind: 'AdoptionReport',
      items: models.map(modelItem),
      copies: copies.map(({ names, ...rest }) => ({ ...rest, names: names.map(placeOf) })),
    },
    code,
  );
  tellUnreachable(found, context);
  if (models.length === 0) {
    const all = found.backends.every(({ problem }) => problem === null);
    output.text(all ? 'The engines hold no models.' : 'The engines that answer hold no models.');
    return code;
  }
  const table = output.format === 'markdown' ? renderMarkdownTable : renderTable;
  const style = output.format === 'markdown' ? undefined : output.style;
  output.text(table(columns, models, style));
  output.text(`\n${summary(models)}`);
  if (copies.length > 0) output.text(`\n${copies.map(copiesLine).join('\n')}`);
  return code;
};

const columns: readonly Column<SurveyedModel>[] = [
  { heading: 'NAME', cell: ({ name }) => name },
  {
    heading: 'SIZE',
    cell: ({ bytes }) => (bytes === null ? '' : formatBytes(bytes)),
    align: 'right',
  },
  { heading: 'ENGINE', cell: renderBackend },
  {
    heading: 'OWNER',
    cell: ({ owners }) => (owners.length === 0 ? 'nobody' : owners.map(ownerText).join(', ')),
  },
  { heading: 'STATUS', cell: ({ status }) => status },
];

function summary(models: readonly SurveyedModel[]): string {
  const owned = models.filter(({ owners }) => owners.length > 0).length;
  const bytes = models.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
  return `${count(models.length, 'name')}, ${owned} owned, ${formatBytes(bytes)} counted under each name.`;
}

function copiesLine({ names, bytes, wastedBytes }: Copies): string {
  const where = joinWords(names.map((one) => `${one.name} on ${renderBackend(one)}`));
  return wastedBytes === 0
    ? `Same weights, stored once (${formatBytes(bytes)}): ${where}.`
    : `Same weights, ${formatBytes(wastedBytes)} stored more than once: ${where}.`;
}

const placeOf = ({ host, backend, name }: SurveyedModel) => ({ host, backend, name });
