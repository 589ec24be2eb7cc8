// What a Hugging Face cache can keep of a Model: the files, and nothing on top of them. Pure. What
// runs the model from there sets it up itself, so what a Model says of that is no matter here.
import { staysLoaded } from '../../core/desired.ts';
import { type Checked, checked, type Problem, refused } from '../../core/problem.ts';
import type { ModelRequest, PlacementShape } from '../backend.ts';
import { unsupported } from '../unsupported.ts';
import { canonicalName, nameOfSource } from './translate.ts';

export function check(request: ModelRequest): Checked<readonly PlacementShape[]> {
  const name = nameOfSource(request.source);
  const problems = [
    ...(name === null ? [notOfTheHub] : []),
    ...unless(request.derive === undefined, derived),
    ...unless(request.aliases.length === 0, aliased),
    ...unless(!staysLoaded(request.residency), loaded(request.residency)),
    ...(name === null ? [] : nameProblems(name, request.servedName)),
    ...unless(request.artifact === undefined || request.artifact.commit !== undefined, uncommitted),
  ];
  if (name === null || problems.length > 0) return refused(...problems);
  const { residency } = request;
  return checked([{ name, role: 'model', build: { kind: 'source' }, residency, load: {} }]);
}

const unless = (holds: boolean, problem: Problem): readonly Problem[] => (holds ? [] : [problem]);

const nameProblems = (name: string, servedName: string | undefined): readonly Problem[] =>
  unless(
    servedName === undefined || canonicalName(servedName) === name,
    unsupported(
      'spec.servedName',
      `In a Hugging Face cache a model is called as on the Hub, ${name}, and no other way.`,
      'Leave servedName out.',
    ),
  );

const notOfTheHub = unsupported(
  'spec.source',
  'A Hugging Face cache keeps models of the Hugging Face Hub, and this source is another one.',
  'Name the model as hf://org/repo, or choose another engine.',
);

const derived = unsupported(
  'spec.derive',
  'A Hugging Face cache keeps files as they are on the Hub, without anything on top.',
  'Leave derive out, and say it to what runs the model; or choose another engine.',
);

const aliased = unsupported(
  'spec.aliases.0',
  'In a Hugging Face cache a model has the one name that it has on the Hub.',
  'Leave aliases out, or choose another engine.',
);

const loaded = (residency: string): Problem =>
  unsupported(
    'spec.residency',
    `A Hugging Face cache runs nothing, so that nothing in it can be ${residency}.`,
    'Write stored, or name an engine that runs models.',
  );

const uncommitted = unsupported(
  'spec.source',
  'The lock does not say which commit of the repository the files are of, by which the cache orders them.',
  'Resolve it anew: `modelctl update`.',
);
