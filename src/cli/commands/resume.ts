// `modelctl resume NAME`: goes on with what was suspended, or given up as contested.
import { escapeText } from '../../render/escape.ts';
import { resume as resumeWith } from '../../wishes.ts';
import type { CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';

export const resume: CommandRun = async ({ given, output, signal, ...context }) => {
  const io = await context.io();
  const [name = ''] = given.positionals;
  const resumed = await resumeWith(name, { io, signal });
  for (const { model } of resumed) output.text(`Resumed: ${escapeText(model)}.`);
  if (resumed.length === 0) output.remark('It was neither suspended nor given up.');
  return exitCode.done;
};
