#!/usr/bin/env node
// The entry: which Node is this, the version, streams, signals and the exit code. Everything else
// is imported only when it is needed, so `--version` costs next to nothing. An older Node must be
// able to parse this file and what it imports before it has read the first line: nothing.
import type { Terminal, TextStream } from './terminal.ts';

const nodeMajorMin = 24;
/** Two folders up, from src/cli and from dist/cli alike. */
const packageUrl = new URL('../../', import.meta.url);
const argv = process.argv.slice(2);
const runtime = `Node ${process.version}, ${process.platform} ${process.arch}`;

if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  process.stderr.write(
    `modelctl needs Node ${nodeMajorMin} or newer; this is ${process.version} (${process.execPath}).\n` +
      'In a checkout of modelctl `npm ci` brings the right one, and npx uses it:\n\n' +
      '    npm ci && npx modelctl\n\n' +
      'Elsewhere install it from https://nodejs.org or with your version manager.\n',
  );
  process.exitCode = 1;
} else if (argv.length === 1 && (argv[0] === '--version' || argv[0] === 'version')) {
  process.stdout.write(`modelctl ${readVersion()}\n`);
} else {
  process.on('uncaughtException', fail);
  start().catch(fail);
}

async function start(): Promise<void> {
  const controller = new AbortController();
  const interrupt = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write('\nStopping after what cannot be left halfway; again to stop at once.\n');
    controller.abort(new DOMException(name, 'AbortError'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const stdout = textStream(process.stdout);
  const stderr = textStream(process.stderr);
  const environment = (name: string): string | undefined => process.env[name];
  const terminal: Terminal = { stdout, stderr, environment, workingFolder: process.cwd() };
  const { fileURLToPath } = process.getBuiltinModule('node:url');
  const { keepCompiled } = await import('./compile-cache.ts');
  keepCompiled();
  const { runCommand } = await import('./run-command.ts');
  const code = await runCommand({
    argv,
    terminal,
    signal: controller.signal,
    version: readVersion(),
    runtime,
    packageFolder: fileURLToPath(packageUrl),
  });
  // Idle connections would keep the process for seconds; output must be out before it goes.
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(code === 0 && process.stdout.errored ? unwritten(process.stdout.errored) : code);
}

/** A result that did not arrive is none, unless the reader went away because it had enough. */
function unwritten({ code = '' }: NodeJS.ErrnoException): 0 | 1 {
  if (code === 'EPIPE') return 0;
  process.stderr.write(`error: The output could not be written (${code}).\n`);
  return 1;
}

/** What no command expected, a floating promise included: our bug. */
function fail(error: unknown): void {
  const details = { command: argv[0] ?? '', version: readVersion(), runtime, verbose: false };
  void import('./crash.ts')
    .then(({ renderCrash }) => process.stderr.write(`${renderCrash(error, details)}\n`))
    .finally(() => process.exit(70));
}

function readVersion(): string {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const text = readFileSync(new URL('package.json', packageUrl), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

function textStream(stream: NodeJS.WriteStream): TextStream {
  let closed = false;
  // The reader has gone or the disk is full; a run that changes things is finished all the same.
  stream.on('error', () => (closed = true));
  return {
    isTty: stream.isTTY,
    // A terminal may not know its width, and then says 0.
    columns: () => stream.columns || 80,
    write: (text) => {
      if (!closed) stream.write(text);
    },
    isClosed: () => closed,
  };
}

const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
