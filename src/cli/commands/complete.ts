// `modelctl __complete -- WORD...`: candidates for the last word, for the completion scripts. Asks
// the ledger, never an engine: it works offline and at once. A failure completes nothing.
import type { CommandContext, CommandRun } from '../command-context.ts';
import { type Candidate, completionOf } from '../completion/candidates.ts';
import { filesToo, noFiles } from '../completion/script.ts';
import { exitCode } from '../exit-code.ts';

export const complete: CommandRun = async (context) => {
  const { given, output } = context;
  const words = given.positionals.length === 0 ? [''] : given.positionals;
  const { candidates, files, live, prefix } = completionOf(words);
  const names = live === null ? [] : await liveNames(live, context);
  const all = [...candidates, ...names.map((one) => ({ ...one, text: prefix + one.text }))];
  const typed = words.at(-1) ?? '';
  const lines = all
    .filter(({ text }) => text.startsWith(typed))
    .map(({ text, description }) => (description === '' ? text : `${text}\t${description}`));
  output.text([...lines, files ? filesToo : noFiles].join('\n'));
  return exitCode.done;
};

async function liveNames(
  live: 'model' | 'placement' | 'field',
  context: CommandContext,
): Promise<readonly Candidate[]> {
  if (live === 'field') {
    const { fieldsLike } = await import('../completion/fields.ts');
    return fieldsLike(context.given.positionals.at(-1) ?? '');
  }
  const io = await context.io();
  const { readingLedger } = await import('../ledger-access.ts');
  const inventory = await readingLedger(io, (ledger) => ledger.inventory());
  const names = new Map(inventory.map(({ name, model }) => [name, model]));
  if (live === 'model') for (const { model } of inventory) names.set(model, 'Model');
  return [...names].map(([text, description]) => ({ text, description }));
}
