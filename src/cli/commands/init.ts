// `modelctl init [FILE]`: a first manifest that is valid as it stands, with editor completion.
import { dirname, join, relative, resolve, sep } from 'node:path';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { Io } from '../../io/io.ts';
import type { CommandContext, CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';

const publishedSchema = 'https://modelctl.dev/schemas/v1alpha1/manifest.schema.json';

export const init: CommandRun = async (context) => {
  const io = await context.io();
  const name = context.given.positionals[0] ?? 'models.yaml';
  const path = resolve(io.environment.workingFolder, name);
  if ((await io.files.stat(path)) !== null) {
    context.output.problem(
      errorProblem({
        code: 'cli/file-exists',
        summary: 'The file is there already',
        detail: `${path} is not replaced.`,
        remedy: `Name another file:\n\n    modelctl init other.yaml`,
      }),
    );
    return exitCode.refused;
  }
  await io.files
    .writeAtomic(path, manifest(await schemaFor(path, io, context)))
    .catch((error: unknown) => {
      throw notWritten(path, error);
    });
  context.output.text(`Wrote ${name}.`);
  context.output.remark(`Try next:\n\n    ${context.program} apply -f ${name}\n`);
  return exitCode.done;
};

const manifest = (schema: string): string =>
  [
    `# yaml-language-server: $schema=${schema}`,
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    'metadata: { name: starter }',
    'spec: { source: "qwen3:0.6b" }',
    '',
  ].join('\n');

/** The schema that came with this program where a relative path leads to it, else the public one. */
async function schemaFor(path: string, io: Io, { packageFolder }: CommandContext): Promise<string> {
  const installed = join(packageFolder, 'schemas', 'manifest.schema.json');
  const { workingFolder } = io.environment;
  const isNear = installed.startsWith(`${workingFolder}${sep}`);
  if (!isNear || (await io.files.stat(installed)) === null) return publishedSchema;
  const way = relative(dirname(path), installed).replaceAll('\\', '/');
  return way.startsWith('.') ? way : `./${way}`;
}

const notWritten = (path: string, error: unknown): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'cli/not-written',
      summary: 'A file could not be written',
      detail: `${path}: ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}.`,
      remedy: 'Choose a folder that you may write to.',
    }),
  );
