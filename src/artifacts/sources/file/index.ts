// Source `file://`: a model file that is there already. Resolving hashes it, so an edited file is
// noticed; nothing is ever copied or changed.

import { didYouMean } from '../../../core/did-you-mean.ts';
import {
  type Checked,
  checked,
  errorProblem,
  type Problem,
  ProblemError,
  refused,
} from '../../../core/problem.ts';
import type { FileStat } from '../../../io/io.ts';
import { asChecked } from '../../as-checked.ts';
import { fileProblem } from '../../file-problem.ts';
import { hashFile } from '../../hash-file.ts';
import { readHeader } from '../../read-header.ts';
import type { LocalSource, Source, SourceContext } from '../../source.ts';
import {
  type FilePath,
  formatFileReference,
  locate,
  parseFileReference,
  seenFrom,
} from './reference.ts';

export const fileSource = {
  scheme: 'file',
  rebase: (reference, from, to, platform) => {
    const path = parseFileReference(reference);
    if (!path.ok || path.value.absolute || from === to) return reference;
    return formatFileReference(seenFrom(path.value, from, to, platform));
  },
  localPath: (canonical, context) => locateFile(canonical, context),
  canonicalize: (reference) => {
    const path = parseFileReference(reference);
    return path.ok ? checked(formatFileReference(path.value)) : path;
  },
  resolve: async (reference, context) => {
    const parsed = parseFileReference(reference);
    if (!parsed.ok) return parsed;
    return asChecked(context.signal, async () => {
      const path = pathOf(parsed.value, context);
      const stat = await statModel(path, context);
      if (!stat.ok) return stat;
      const { bytes } = stat.value;
      try {
        const facts = await readHeader(context.io.files.readStream(path), { name: path, bytes });
        if (!facts.ok) return facts;
        const digest = await hashFile(context.io.files, path, stat.value, context);
        if (digest === null) return refused(changing(path));
        const file = { path: parsed.value.names.at(-1) ?? 'model', bytes, digest };
        const source = formatFileReference(parsed.value);
        return checked(
          { source, revision: digest, files: [file], weights: digest, facts: facts.value },
          facts.problems,
        );
      } catch (error) {
        context.signal.throwIfAborted();
        return refused(fileProblem(error, `read ${path}`));
      }
    });
  },
  open: (artifact, _file, context) => {
    const path = locateFile(artifact.source, context);
    return {
      read: async ({ range }) => {
        const stat = await statModel(path, context);
        if (!stat.ok) throw new ProblemError(stat.problems[0] ?? changing(path));
        return {
          start: range?.start ?? 0,
          end: range?.end === undefined ? stat.value.bytes : range.end + 1,
          totalBytes: stat.value.bytes,
          validator: null,
          bytes: context.io.files.readStream(path, range),
        };
      },
    };
  },
} satisfies Source & LocalSource;

/** Where a canonical `file://` source is on this machine. Throws ProblemError. */
export function locateFile(source: string, context: Pick<SourceContext, 'io' | 'folder'>): string {
  const parsed = parseFileReference(source);
  if (parsed.ok) return pathOf(parsed.value, context);
  throw new ProblemError(
    parsed.problems[0] ??
      errorProblem({ code: 'source/invalid', summary: 'A source cannot be read', detail: '' }),
  );
}

const pathOf = (path: FilePath, context: Pick<SourceContext, 'io' | 'folder'>): string =>
  locate(path, context.folder, context.io.environment.platform);

/** A regular file with something in it, or why not: reading anything else could block for ever. */
export async function statModel(
  path: string,
  context: Pick<SourceContext, 'io'>,
): Promise<Checked<FileStat>> {
  const { files } = context.io;
  let stat: FileStat | null;
  try {
    stat = await files.stat(path);
    if (stat === null) return refused(await missing(path, files.list));
  } catch (error) {
    return refused(fileProblem(error, `look at ${path}`));
  }
  if (stat.kind === 'folder') return refused(notAFile(path, 'a folder'));
  if (stat.kind === 'other') return refused(notAFile(path, 'a pipe, socket or device'));
  if (stat.bytes === 0) return refused(notAFile(path, 'an empty file'));
  return checked(stat);
}

async function missing(
  path: string,
  list: (folder: string) => Promise<readonly { readonly name: string }[]>,
): Promise<Problem> {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  const folder = path.slice(0, cut) || path.slice(0, cut + 1);
  const names = await list(folder).then(
    (entries) => entries.map((entry) => entry.name),
    () => null, // no such folder either: said below
  );
  const near = names === null ? null : didYouMean(path.slice(cut + 1), names);
  return errorProblem({
    code: 'source/not-found',
    summary: 'A source does not exist',
    detail: names === null ? `There is no folder ${folder}.` : `There is no file ${path}.`,
    remedy:
      near === null
        ? 'Correct the path, or put the file there. Relative paths begin at the folder of the manifest.'
        : `Did you mean ${near}?`,
  });
}

const notAFile = (path: string, what: string): Problem =>
  errorProblem({
    code: 'source/not-a-file',
    summary: 'A source is not a file with a model in it',
    detail: `${path} is ${what}.`,
    remedy: 'Name the model file itself, as in file://./model.gguf.',
  });

const changing = (path: string): Problem =>
  errorProblem({
    code: 'source/changed-while-read',
    summary: 'A file changed while it was read',
    detail: `${path} was written to meanwhile.`,
    remedy: 'Run the same command again when it is complete.',
    retry: 'later',
  });
