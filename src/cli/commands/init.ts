// `modelctl init [FILE]`: a first manifest that works here as it stands, with editor completion.
// Where an Ollama answers it names a small model from Ollama's registry; elsewhere a tiny one that
// comes with this program and is laid beside it, since the embedded engine takes files.
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { engines } from '../../backends/index.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { Io } from '../../io/io.ts';
import { emptyQuestion, observeOne } from '../../observe/observe.ts';
import { localHost } from '../../resolve/host.ts';
import type { CommandContext, CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { firstOf } from '../first-problem.ts';
import { quoted } from '../shell.ts';

const registrySource = 'qwen3:0.6b';
const starterName = 'starter.gguf';
const starterBytesMax = 16 * 1024 * 1024;

export const init: CommandRun = async (context) => {
  const io = await context.io();
  const name = context.given.positionals[0] ?? 'models.yaml';
  const path = resolve(io.environment.workingFolder, name);
  if ((await io.files.stat(path)) !== null) {
    context.output.problem(fileExists(path));
    return exitCode.refused;
  }
  const ollama = await lookForOllama(context, io);
  const beside = join(dirname(path), starterName);
  const source = ollama.answers ? registrySource : `file://./${starterName}`;
  await write(path, manifest(schemaFor(path, io, context), source), io);
  if (!ollama.answers) {
    await layStarter(beside, io, context);
    context.output.remark(
      `${ollama.label} does not answer, so the model is a file for the embedded engine: ` +
        `${starterName}, a tiny one that always says the same.`,
    );
  }
  context.output.text(`Wrote ${name}.`);
  context.output.remark(`Try next:\n\n    ${context.program} apply -f ${quoted(name)}\n`);
  return exitCode.done;
};

const manifest = (schema: string, source: string): string =>
  [
    `# yaml-language-server: $schema=${schema}`,
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    'metadata: { name: starter }',
    `spec: { source: "${source}" }`,
    '',
  ].join('\n');

async function lookForOllama({ signal }: CommandContext, io: Io) {
  const referred = await engines.refer({ host: localHost, type: 'ollama', name: null }, io);
  if (!referred.ok) throw firstOf(referred.problems);
  const backend = engines.create(referred.value);
  const seen = await observeOne(backend, emptyQuestion, { io, signal });
  return { label: backend.label, answers: seen.kind === 'reachable' };
}

/** What has the name already stays: it may be anything. */
async function layStarter(path: string, io: Io, { packageFolder }: CommandContext): Promise<void> {
  if ((await io.files.stat(path)) !== null) return;
  const shipped = join(packageFolder, 'examples', 'quickstart', 'starter-v1.gguf');
  await write(path, await io.files.readBytes(shipped, starterBytesMax), io);
}

/**
 * The schema that came with this program: by a relative path where that is below the working
 * folder, so that it holds for everybody who installs the same, else where it is on this machine.
 */
function schemaFor(path: string, { environment }: Io, { packageFolder }: CommandContext): string {
  const installed = join(packageFolder, 'schemas', 'manifest.schema.json');
  if (!installed.startsWith(`${environment.workingFolder}${sep}`))
    return pathToFileURL(installed).href;
  const way = relative(dirname(path), installed).replaceAll('\\', '/');
  return way.startsWith('.') ? way : `./${way}`;
}

const write = (path: string, content: string | Uint8Array, io: Io): Promise<void> =>
  io.files.writeAtomic(path, content).catch((error: unknown) => {
    throw notWritten(path, error);
  });

const fileExists = (path: string) =>
  errorProblem({
    code: 'cli/file-exists',
    summary: 'The file is there already',
    detail: `${path} is not replaced.`,
    remedy: `Name another file:\n\n    modelctl init other.yaml`,
  });

const notWritten = (path: string, error: unknown): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'cli/not-written',
      summary: 'A file could not be written',
      detail: `${path}: ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}.`,
      remedy: 'Choose a folder that you may write to.',
    }),
  );
