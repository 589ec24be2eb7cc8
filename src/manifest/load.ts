// Stage 1, load: which objects did the user declare? Reads every input to the end and returns all
// resources or all problems. Knows nothing of defaults, engines or what is already there.
import { type Checked, checked, errorProblem, type Problem } from '../core/problem.ts';
import type { Manifests } from '../core/resource.ts';
import { unlessAborted } from '../core/unless-aborted.ts';
import { fileProblem } from './file-problem.ts';
import { duplicateObjects } from './identities.ts';
import { findFiles, type InputFile, type LoadIo } from './inputs.ts';
import { fileBytesMax } from './limits.ts';
import { locator } from './locate.ts';
import { type ReadResource, readFile } from './read-file.ts';
import { referenceProblems } from './references.ts';

/**
 * Reads files, folders, patterns and `-` (standard input). Refused when anything at all was wrong
 * with any of them; a result with no resources is never returned. Rejects only when aborted.
 */
export async function load(
  inputs: readonly string[],
  io: LoadIo,
  signal: AbortSignal,
): Promise<Checked<Manifests>> {
  const { files, folder, problems: inputProblems } = await findFiles(inputs, io, signal);
  const problems: Problem[] = [...inputProblems];
  const read: ReadResource[] = [];
  for (const file of files) {
    signal.throwIfAborted();
    const bytes = await unlessAborted(readBytes(file, io), signal).catch((error: unknown) => {
      signal.throwIfAborted();
      return fileProblem(file.path, error);
    });
    if (!(bytes instanceof Uint8Array)) {
      problems.push(bytes);
      continue;
    }
    const result = await readFile(file.path, bytes, file.isNamed, signal);
    problems.push(...result.problems);
    for (const one of result.resources) read.push(one);
  }
  const resources = read.map(({ resource }) => resource);
  const locate = locator(read);
  if (resources.length === 0 && !problems.some(isError)) problems.push(nothingDeclared(inputs));
  const refused = problems.filter(isError).map(({ subject }) => subject);
  problems.push(...duplicateObjects(resources));
  // What could not be read may declare any name, so names are only looked up when all is known.
  const declaredToo = refused.filter((subject) => subject !== undefined);
  if (declaredToo.length === refused.length) {
    problems.push(...referenceProblems(resources, declaredToo, locate));
  }
  if (problems.some(isError)) return { ok: false, problems };
  const paths = files.map(({ path }) => path);
  const complete = !paths.includes('-');
  return checked({ resources, files: paths, folder, complete, locate }, problems);
}

const isError = ({ severity }: Problem): boolean => severity === 'error';

const readBytes = ({ path }: InputFile, { files }: LoadIo): Promise<Uint8Array> =>
  path === '-' ? files.readStdin(fileBytesMax) : files.readBytes(path, fileBytesMax);

const nothingDeclared = (inputs: readonly string[]): Problem =>
  errorProblem({
    code: 'manifest/empty',
    summary: 'Nothing is declared',
    detail:
      inputs.length === 0
        ? 'No file was named.'
        : `There are no manifests in ${inputs.join(', ')}: no way to say that nothing is wanted.`,
    remedy: 'Write a starting point with:\n\n  modelctl init',
  });
