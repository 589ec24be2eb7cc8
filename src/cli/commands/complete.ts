// `modelctl __complete -- WORD...`: candidates for the last word, for the completion scripts. Asks
// the ledger or the manifests, never an engine: it works offline and at once. A failure completes
// nothing.
import { shortDigest } from '../../core/digest.ts';
import type { Io } from '../../io/io.ts';
import type { CommandContext, CommandRun } from '../command-context.ts';
import { type Candidate, completionOf, givenValues, type Live } from '../completion/candidates.ts';
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

async function liveNames(live: Live, context: CommandContext): Promise<readonly Candidate[]> {
  if (live === 'field') {
    const { fieldsLike } = await import('../completion/fields.ts');
    return fieldsLike(context.given.positionals.at(-1) ?? '');
  }
  const io = await context.io();
  const named = givenValues(context.given.positionals.slice(0, -1), 'filename');
  // Standard input is the shell's.
  const inputs = named.filter((input) => input !== '-');
  if (live === 'declared' && inputs.length > 0) return declaredIn(inputs, context);
  if (live === 'transfer') return unfinished(io);
  const { readingLedger } = await import('../ledger-access.ts');
  const inventory = await readingLedger(io, (ledger) => ledger.inventory());
  const names = new Map(inventory.map(({ name, model }) => [name, model]));
  if (live === 'declared') names.clear();
  if (live !== 'placement') for (const { model } of inventory) names.set(model, 'Model');
  return [...names].map(([text, description]) => ({ text, description }));
}

async function unfinished(io: Io): Promise<readonly Candidate[]> {
  const { listTransfers } = await import('../../transfers.ts');
  const { transfers } = await listTransfers(io);
  return transfers.flatMap(({ digest, origin }) => [
    ...(origin?.wantedBy ? [{ text: origin.wantedBy.model, description: origin.path }] : []),
    { text: shortDigest(digest), description: origin?.path ?? '' },
  ]);
}

/** Models of the manifests; none where those cannot be read. */
async function declaredIn(
  inputs: readonly string[],
  { io, signal }: CommandContext,
): Promise<readonly Candidate[]> {
  const { load } = await import('../../manifest/load.ts');
  const loaded = await load(inputs, await io(), signal);
  const resources = loaded.ok ? loaded.value.resources : [];
  return resources.flatMap(({ kind, metadata }) =>
    kind === 'Model' ? [{ text: metadata.name, description: 'Model' }] : [],
  );
}
