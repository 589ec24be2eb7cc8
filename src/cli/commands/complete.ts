// `modelctl __complete -- WORD...`: candidates for the last word, for the completion scripts. Asks
// the ledger or the manifests, never an engine: it works offline and at once. A failure completes
// nothing.
import type { CommandRun } from '../command-context.ts';
import { completionOf, givenValues } from '../completion/candidates.ts';
import { liveNames } from '../completion/live-names.ts';
import { filesToo, noFiles } from '../completion/script.ts';
import { exitCode } from '../exit-code.ts';

export const complete: CommandRun = async (context) => {
  const { given, output } = context;
  const words = given.positionals.length === 0 ? [''] : given.positionals;
  const { candidates, files, live, prefix } = completionOf(words);
  const typed = words.at(-1) ?? '';
  // Standard input is the shell's.
  const inputs = givenValues(words.slice(0, -1), 'filename').filter((input) => input !== '-');
  const asking = { io: context.io, signal: context.signal, inputs, typed };
  const names = live === null ? [] : await liveNames(live, asking);
  const all = [...candidates, ...names.map((one) => ({ ...one, text: prefix + one.text }))];
  const lines = all
    .filter(({ text }) => text.startsWith(typed))
    .map(({ text, description }) => (description === '' ? text : `${text}\t${description}`));
  output.text([...lines, files ? filesToo : noFiles].join('\n'));
  return exitCode.done;
};
