// `modelctl version`: alone it is answered by main.ts already; here with a format.
import { apiVersion } from '../../render/document.ts';
import type { CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';

export const version: CommandRun = async ({ output, version: modelctl }) => {
  output.text(`modelctl ${modelctl}`);
  await output.document({ apiVersion, kind: 'Version', modelctl }, exitCode.done);
  return exitCode.done;
};
