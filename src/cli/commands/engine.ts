// `modelctl engine status|start|stop|logs`: the engines that modelctl runs itself. Names are those of
// Backends; the embedded engine has none, and is meant where none is given.
import {
  type EngineReport,
  engineStart,
  engineStatus,
  engineStop,
} from '../../backends/embedded/control.ts';
import { apiVersion } from '../../render/document.ts';
import { escapeBlock } from '../../render/escape.ts';
import { count } from '../../render/quantity.ts';
import type { ManagedReport } from '../../services/managed/report.ts';
import { countOf } from '../arguments.ts';
import type { CommandContext, CommandRun } from '../command-context.ts';
import { engineItem, renderEngine } from '../engine-report.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { managedItem, renderManaged } from '../managed-report.ts';

export const engine: CommandRun = async (context) => {
  const { given, output, signal } = context;
  const control = { io: await context.io(), signal };
  const [verb, ...names] = given.positionals;
  const hasNames = names.length > 0;
  const managed = await import('../../services/managed/report.ts');
  switch (verb) {
    case 'start': {
      const embedded = hasNames ? [] : [await engineStart(control)];
      const started = hasNames ? await managed.startEngines(names, control) : [];
      await printReports(embedded, started, context);
      return exitCode.done;
    }
    case 'stop': {
      // The names first: one that is not there stops nothing.
      const ofBackends = await managed.stopEngines(names, control);
      const stopped = ofBackends + (hasNames ? 0 : await engineStop(control));
      await output.document({ apiVersion, kind: 'EngineStop', stopped }, exitCode.done);
      output.text(
        stopped === 0 ? 'No engine was running.' : `Stopped ${count(stopped, 'engine')}.`,
      );
      return exitCode.done;
    }
    case 'logs': {
      const ofBackends = await managed.managedReports(names, control);
      const embedded = hasNames ? [] : await engineStatus(control);
      return printLogs([...embedded, ...ofBackends], context);
    }
    default: {
      const reports = hasNames ? [] : await engineStatus(control);
      await printReports(reports, await managed.managedReports(names, control), context);
      for (const { problem } of reports) if (problem !== null) output.problem(problem);
      return exitCode.done;
    }
  }
};

async function printReports(
  embedded: readonly EngineReport[],
  ofBackends: readonly ManagedReport[],
  { io, output }: CommandContext,
): Promise<void> {
  const items = embedded.map(engineItem);
  const managed = ofBackends.map(managedItem);
  await output.document({ apiVersion, kind: 'EngineStatusList', items, managed }, exitCode.done);
  const now = (await io()).clock.now();
  const texts = [
    ...embedded.map((one) => renderEngine(one, now, output.style)),
    ...ofBackends.map((one) => renderManaged(one, now, output.style)),
  ];
  output.text(texts.join('\n\n'));
}

const linesDefault = 100;
const logBytesMax = 16 * 1024 * 1024;

/** The last lines of each log, oldest first. */
async function printLogs(
  engines: readonly { readonly logFile: string }[],
  context: CommandContext,
): Promise<ExitCode> {
  const { given, output } = context;
  const io = await context.io();
  const lines = countOf(given, 'lines') ?? linesDefault;
  const items: { file: string; lines: readonly string[] }[] = [];
  for (const { logFile } of engines) {
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
  if (items.length === 0) output.remark('No engine that modelctl runs itself has run yet.');
  return exitCode.done;
}
