// Source `hf://`: models on the Hugging Face Hub. A revision is turned into a commit first, and all
// that is read afterwards is read at that commit, so that a push in between changes nothing.
import { digestOfFiles, isGgufModel, isSafetensors } from '../../../core/artifact-files.ts';
import {
  type Checked,
  checked,
  errorProblem,
  type Problem,
  ProblemError,
  refused,
  warningProblem,
} from '../../../core/problem.ts';
import { weightsOf } from '../../../core/weights.ts';
import { readOver } from '../../registries/remote-file.ts';
import { overRoutes } from '../../registries/route.ts';
import type { ReadableFile, Source } from '../../source.ts';
import { chooseFile, chooseGguf, chooseProjector } from './choose-gguf.ts';
import { chooseSafetensors, isUnsafe, unsafeFormat } from './choose-safetensors.ts';
import { hubClient } from './client.ts';
import { hubSettings } from './environment.ts';
import { disabled } from './explain.ts';
import { type Looked, type Looking, lookAtGguf, lookAtSafetensors } from './look.ts';
import {
  formatHubReference,
  type HubReference,
  parseHubReference,
  shortHubReference,
} from './reference.ts';
import { type HubFile, parseRevision, parseTree } from './translate.ts';

export const huggingFaceSource = {
  scheme: 'hf',
  canonicalize: (text) => {
    const reference = parseHubReference(text);
    return reference.ok ? checked(formatHubReference(reference.value)) : reference;
  },
  isPinned: (canonical) => /@[0-9a-f]{40}$/.test(canonical),
  resolve: async (text, context) => {
    const reference = parseHubReference(text);
    if (!reference.ok) return reference;
    const name = reference.value.repository;
    const settings = hubSettings(context.io.environment, shortHubReference(reference.value));
    if (!settings.ok) return settings;
    const { endpoint } = settings.value;
    return overRoutes(context.routes(endpoint), context.signal, async (route) => {
      const client = hubClient(reference.value, route, settings.value, context);
      const revision = parseRevision(await client.revision(), name);
      if (!revision.ok) return revision;
      const { commit, isDisabled, repository, license } = revision.value;
      if (isDisabled) return refused(disabled(reference.value));
      const files = parseTree(await client.tree(commit), name);
      if (!files.ok) return files;
      const looking = { client, commit, name, signal: context.signal, clock: context.io.clock };
      const looked = await look(reference.value, files.value, looking);
      if (!looked.ok) return looked;
      const { facts } = looked.value;
      return checked(
        {
          source: formatHubReference(reference.value),
          revision: digestOfFiles(looked.value.files),
          commit,
          files: looked.value.files,
          weights: weightsOf(looked.value.files),
          // Of a format that is not known nothing is known, whatever page it stands on.
          facts: license === null || facts.format === undefined ? facts : { license, ...facts },
        },
        [...looked.problems, ...renamed(reference.value, repository)],
      );
    });
  },
  open: (artifact, file, context): ReadableFile => {
    const parsed = parseHubReference(artifact.source);
    if (!parsed.ok) throw new ProblemError(parsed.problems[0] ?? notCanonical);
    const reference = parsed.value;
    const settings = hubSettings(context.io.environment, shortHubReference(reference));
    if (!settings.ok) {
      const [problem = notCanonical] = settings.problems;
      return { read: () => Promise.reject(new ProblemError(problem)) };
    }
    // A lock that was edited by hand may lack the commit: the digest decides in the end.
    const commit = artifact.commit ?? encodeURIComponent(reference.revision);
    const routes = context.routes(settings.value.endpoint).map((route) => ({
      ...route,
      client: hubClient(reference, route, settings.value, context),
    }));
    return readOver(routes, context.io.clock, ({ client }, part, redirects) =>
      client.readFile(commit, file, { ...part, redirects }),
    );
  },
} satisfies Source;

/** Weights in order, what belongs to them after. */
async function look(
  reference: HubReference,
  files: readonly HubFile[],
  looking: Looking,
): Promise<Checked<Looked>> {
  const { name } = looking;
  const { file, quantization } = reference;
  if (file !== null) {
    if (isUnsafe(file)) return refused(unsafeFormat(name));
    const weights = chooseFile(files, file, name);
    if (!weights.ok) return weights;
    if (!isSafetensors(file)) return lookAtGguf(weights.value, null, looking);
    const choice = { index: null, weights: weights.value, companions: [] };
    return lookAtSafetensors(choice, files, looking);
  }
  if (quantization !== null || files.some(({ path }) => isGgufModel(path))) {
    const weights = chooseGguf(files, quantization, name);
    if (!weights.ok) return weights;
    return lookAtGguf(weights.value, chooseProjector(files, weights.value[0]), looking);
  }
  const choice = chooseSafetensors(files, name);
  return choice.ok ? lookAtSafetensors(choice.value, files, looking) : choice;
}

/** The lock pins what is there now; whoever takes the old name next has other bytes. */
const renamed = ({ repository }: HubReference, now: string | null): readonly Problem[] =>
  now === null || now.toLowerCase() === repository.toLowerCase()
    ? []
    : [
        warningProblem({
          code: 'source/renamed',
          summary: 'A repository has another name now',
          detail: `${repository} is called ${now} now; the Hub still leads there from the old name.`,
          remedy: `Write hf://${now}: an old name can be taken by somebody else.`,
        }),
      ];

const notCanonical = errorProblem({
  code: 'source/invalid',
  summary: 'A source cannot be read',
  detail: 'The reference is not one of hf://.',
});
