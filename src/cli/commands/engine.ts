// `modelctl engine status|start|stop|logs`: the engine that modelctl runs itself.
import { engineStart, engineStatus, engineStop } from '../../backends/embedded/control.ts';
import { apiVersion } from '../../render/document.ts';
import { escapeBlock } from '../../render/escape.ts';
import { count } from '../../render/quantity.ts';
import { countOf } from '../arguments.ts';
import type { CommandContext, CommandRun } from '../command-context.ts';
import { engineItem, renderEngine } from '../engine-report.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

export const engine: CommandRun = async (context) => {
  const { given, output, signal } = context;
  const control = { io: await context.io(), signal };
  switch (given.positionals[0]) {
    case 'start': {
      await printReports([await engineStart(control)], context);
      return exitCode.done;
    }
    case 'stop': {
      const stopped = await engineStop(control);
      await output.document({ apiVersion, kind: 'EngineStop', stopped }, exitCode.done);
      output.text(
        stopped === 0 ? 'No engine was running.' : `Stopped ${count(stopped, 'engine')}.`,
      );
      return exitCode.done;
    }
    case 'logs':
      return printLogs(context);
    default: {
      const reports = await engineStatus(control);
      await printReports(reports, context);
      for (const { problem } of reports) if (problem !== null) output.problem(problem);
      return exitCode.done;
    }
  }
};

async function printReports(
  reports: Awaited<ReturnType<typeof engineStatus>>,
  { io, output }: CommandContext,
): Promise<void> {
  const items = reports.map(engineItem);
  await output.document({ apiVersion, kind: 'EngineStatusList', items }, exitCode.done);
  const now = (await io()).clock.now();
  output.text(reports.map((one) => renderEngine(one, now, output.style)).join('\n\n'));
}

const linesDefault = 100;
const logBytesMax = 16 * 1024 * 1024;

/** The last lines of each log, oldest first. */
async function printLogs(context: CommandContext): Promise<ExitCode> {
  const { given, output, signal } = context;
  const io = await context.io();
  const lines = countOf(given, 'lines') ?? linesDefault;
  const items: { file: string; lines: readonly string[] }[] = [];
  for (const { logFile } of await engineStatus({ io, signal })) {
    if ((await io.files.stat(logFile)) === null) continue;
    const text = new TextDecoder().decode(await io.files.readBytes(logFile, logBytesMax));
    const all = text === '' ? [] : text.trimEnd().split('\n');
    items.push({ file: logFile, lines: all.slice(Math.max(0, all.length - lines)) });
  }
  await output.document({ apiVersion, kind: 'EngineLogList', items }, exitCode.done);
  for (const item of items) {
    output.remark(item.file);
    output.text(item.lines.map(escapeBlock).join('\n'));
  }
  if (items.length === 0) output.remark('The embedded engine has not run yet.');
  return exitCode.done;
}
