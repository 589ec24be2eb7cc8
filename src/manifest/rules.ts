// What must hold within one object beyond the shape of its fields. Each rule is a sentence that
// the schema cannot say; each looks at one object only and knows nothing of the others.
import type { BackendManifest } from '../generated/backend.ts';
import type { CategoryManifest } from '../generated/category.ts';
import type { HardwareTargetManifest } from '../generated/hardware-target.ts';
import type { HostManifest } from '../generated/host.ts';
import type { ModelManifest } from '../generated/model.ts';
import type { RegistryManifest } from '../generated/registry.ts';
import type { FieldPath } from './field-path.ts';

export type Manifest =
  | ModelManifest
  | CategoryManifest
  | HardwareTargetManifest
  | HostManifest
  | BackendManifest
  | RegistryManifest;

export interface BrokenRule {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
  readonly remedy: string;
  readonly path: FieldPath;
}

/** Pure; expects what the schema has passed. */
export function brokenRules(manifest: Manifest): readonly BrokenRule[] {
  switch (manifest.kind) {
    case 'Model':
      return modelRules(manifest);
    case 'Category':
      return categoryRules(manifest);
    case 'Backend':
      return backendRules(manifest);
    case 'Host':
      return repeated(manifest.spec.hostnames ?? [], ['spec', 'hostnames']);
    case 'Registry':
      return repeated((manifest.spec.mirrors ?? []).map(mirrorUrl), ['spec', 'mirrors']);
    case 'HardwareTarget':
      return [];
  }
}

function modelRules({ spec }: ModelManifest): readonly BrokenRule[] {
  const residency = spec.residency;
  const ownPath: FieldPath = ['spec', 'runtime', 'keepAlive'];
  return [
    ...keepAliveRule(residency, spec.runtime?.keepAlive, ownPath),
    ...targetRules(spec.targets, ['spec', 'targets'], {
      residency,
      keepAlive: spec.runtime?.keepAlive,
    }),
    ...repeated(spec.aliases ?? [], ['spec', 'aliases']),
    ...repeated(spec.categories ?? [], ['spec', 'categories']),
    ...aliasRules(spec.servedName, spec.aliases ?? []),
    ...selfDerivedRule(spec),
  ];
}

function categoryRules({ spec }: CategoryManifest): readonly BrokenRule[] {
  const { residency, runtime, targets } = spec.defaults ?? {};
  const path: FieldPath = ['spec', 'defaults'];
  return [
    ...keepAliveRule(residency, runtime?.keepAlive, [...path, 'runtime', 'keepAlive']),
    ...targetRules(targets, [...path, 'targets'], { residency, keepAlive: runtime?.keepAlive }),
  ];
}

type Targets = NonNullable<ModelManifest['spec']['targets']>;

function targetRules(
  targets: Targets | undefined,
  path: FieldPath,
  inherited: { readonly residency: string | undefined; readonly keepAlive: string | undefined },
): readonly BrokenRule[] {
  if (targets === undefined) return [];
  const names = targets.map((target) => (typeof target === 'string' ? target : target.name));
  const entries = targets.flatMap((target, index) => {
    if (typeof target === 'string') return [];
    const { residency, runtime } = target;
    const at = [...path, index];
    if (runtime?.keepAlive !== undefined) {
      const says = residency ?? inherited.residency;
      return keepAliveRule(says, runtime.keepAlive, [...at, 'runtime', 'keepAlive']);
    }
    return residency === undefined || residency === inherited.residency
      ? []
      : keepAliveRule(residency, inherited.keepAlive, [...at, 'residency']);
  });
  return [...entries, ...repeated(names, path)];
}

function keepAliveRule(
  residency: string | undefined,
  keepAlive: string | undefined,
  path: FieldPath,
): readonly BrokenRule[] {
  if (keepAlive === undefined || (residency !== 'loaded' && residency !== 'pinned')) return [];
  return [
    {
      code: 'manifest/contradiction',
      summary: 'Two fields contradict each other',
      detail: `Residency \`${residency}\` keeps the model in memory, whatever \`keepAlive\` says.`,
      remedy:
        'Remove `keepAlive`, or write `residency: stored` to let the engine unload the model.',
      path,
    },
  ];
}

function aliasRules(
  servedName: string | undefined,
  aliases: readonly string[],
): readonly BrokenRule[] {
  const index = servedName === undefined ? -1 : aliases.indexOf(servedName);
  if (index === -1) return [];
  return [
    {
      code: 'manifest/self-reference',
      summary: 'An object refers to itself',
      detail: `The alias \`${servedName}\` is the name that the model is served under already.`,
      remedy: 'Remove the alias.',
      path: ['spec', 'aliases', index],
    },
  ];
}

// A derived name is built from the source's own name; if both were one, each run would build on
// the result of the last.
function selfDerivedRule({
  derive,
  servedName,
  source,
}: ModelManifest['spec']): readonly BrokenRule[] {
  const bare = (name: string): string => name.replace(/^ollama:\/\//, '').replace(/:latest$/, '');
  if (derive === undefined || servedName === undefined || bare(servedName) !== bare(source))
    return [];
  return [
    {
      code: 'manifest/self-reference',
      summary: 'An object refers to itself',
      detail: `\`derive\` builds the model from \`${source}\`, so it cannot have that name.`,
      remedy: 'Choose another `servedName`, or remove it: the default is metadata.name.',
      path: ['spec', 'servedName'],
    },
  ];
}

const reachedBySelf: Partial<Record<BackendManifest['spec']['type'], string>> = {
  embedded: 'modelctl starts and reaches an embedded engine itself',
  huggingface: 'A Hugging Face cache is a folder of this machine',
};

function backendRules({ spec }: BackendManifest): readonly BrokenRule[] {
  const why = reachedBySelf[spec.type];
  if (why === undefined) return [...settingsRule(spec), ...serviceRule(spec)];
  return (['endpoint', 'auth', 'settings', 'service'] as const)
    .filter((field) => spec[field] !== undefined)
    .map((field) => ({
      code: 'manifest/contradiction',
      summary: 'Two fields contradict each other',
      detail: `${why}, so it has no \`${field}\`.`,
      remedy: `Remove \`${field}\`, or write \`type: ollama\` for a server that runs already.`,
      path: ['spec', field],
    }));
}

/** Nothing could write them, and nothing could tell whether they hold. */
const settingsRule = ({ settings, service }: BackendManifest['spec']): readonly BrokenRule[] =>
  settings === undefined || service !== undefined
    ? []
    : [
        {
          code: 'manifest/missing-field',
          summary: 'A field is missing that another one needs',
          detail:
            '`settings` are those of the engine itself, and nothing says how it is started with them.',
          remedy:
            'Add `service: { type: systemd }` where systemd runs the engine, or `service: { type: managed }` for modelctl to run it.',
          path: ['spec', 'settings'],
        },
      ];

const fieldsOfServices = {
  managed: ['program', 'arguments'],
  systemd: ['unit', 'scope'],
} as const;

const serviceRule = ({ service }: BackendManifest['spec']): readonly BrokenRule[] => {
  if (service === undefined) return [];
  const other = service.type === 'managed' ? 'systemd' : 'managed';
  return fieldsOfServices[other]
    .filter((field) => service[field] !== undefined)
    .map((field) => ({
      code: 'manifest/contradiction',
      summary: 'Two fields contradict each other',
      detail: `\`${field}\` is of a service of type \`${other}\`; this one is \`${service.type}\`.`,
      remedy: `Remove \`${field}\`, or write \`type: ${other}\`.`,
      path: ['spec', 'service', field],
    }));
};

const mirrorUrl = (mirror: NonNullable<RegistryManifest['spec']['mirrors']>[number]): string =>
  typeof mirror === 'string' ? mirror : mirror.url;

function repeated(names: readonly string[], path: FieldPath): readonly BrokenRule[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [
          {
            code: 'manifest/duplicate-name',
            summary: 'A name stands twice',
            detail: `\`${name}\` stands here and as item ${names.indexOf(name) + 1} of the list.`,
            remedy: 'Remove one of the two.',
            path: [...path, index],
          },
        ],
  );
}
