// Which Model goes where: each Model once for each of its targets, with all defaults applied.
// Pure. Precedence: Model per target > Model > HardwareTarget > Category (first listed wins).

import {
  type EngineFlags,
  type LoadOptions,
  type Residency,
  staysLoaded,
} from '../core/desired.ts';
import { parseDuration } from '../core/duration.ts';
import { errorProblem, type Problem, warningProblem } from '../core/problem.ts';
import {
  type CategoryResource,
  type HardwareTargetResource,
  type HostResource,
  type Manifests,
  type ModelResource,
  resourceLabel,
} from '../core/resource.ts';
import { type Identity, selects } from './host.ts';

/** One Model on one target. */
export interface Request {
  readonly model: ModelResource;
  /** The target's name; `-` when the Model has none. */
  readonly target: string;
  /** Which Backend or type the target asks for; null: the host's first. */
  readonly backend: string | null;
  readonly residency: Residency;
  readonly runtime: LoadOptions;
  /** What else is said to engines of a type, by their own names for it. */
  readonly engineFlags: Readonly<Record<string, EngineFlags>>;
  readonly driftPolicy: 'Correct' | 'Warn' | 'Ignore';
  /** Whether this machine is meant; the others are only locked. */
  readonly here: boolean;
}

export interface Requests {
  readonly requests: readonly Request[];
  readonly problems: readonly Problem[];
  /** A target that matches no host: then the render is not complete. */
  readonly incomplete: string | null;
}

type Runtime = NonNullable<ModelResource['spec']['runtime']>;
interface TargetEntry {
  readonly name: string;
  readonly residency?: Residency;
  readonly runtime?: Runtime;
}

export function requestsOf(manifests: Manifests, identity: Identity): Requests {
  const { resources } = manifests;
  const categories = byName(resources.filter((one) => one.kind === 'Category'));
  const targets = byName(resources.filter((one) => one.kind === 'HardwareTarget'));
  const requests: Request[] = [];
  const problems: Problem[] = [];
  for (const model of manifests.resources) {
    if (model.kind !== 'Model') continue;
    const groups = (model.spec.categories ?? []).flatMap((name) => categories.get(name) ?? []);
    const entries = targetEntries(model, groups);
    if (entries.length === 0 && identity.hosts.length > 1) {
      problems.push(withoutTarget(manifests, model));
      continue;
    }
    for (const entry of entries) {
      const target = targets.get(entry.name);
      if (target === undefined) continue; // a dangling name is the load stage's to report
      requests.push(requestFor(model, groups, identity, entry, target));
    }
    if (entries.length === 0) requests.push(requestFor(model, groups, identity, null, null));
  }
  const unmatched = [...targets.values()].filter((target) => matchesNone(target, identity.hosts));
  const [first] = unmatched;
  return {
    requests,
    problems: [...problems, ...unmatched.map(matchesNoHost)],
    incomplete: first === undefined ? null : `${resourceLabel(first)} matches no Host.`,
  };
}

const byName = <R extends CategoryResource | HardwareTargetResource>(
  resources: readonly R[],
): ReadonlyMap<string, R> => new Map(resources.map((one) => [one.metadata.name, one]));

function targetEntries(
  model: ModelResource,
  categories: readonly CategoryResource[],
): readonly TargetEntry[] {
  const listed =
    model.spec.targets ??
    categories.find((one) => one.spec.defaults?.targets)?.spec.defaults?.targets;
  return (listed ?? []).map((entry) => (typeof entry === 'string' ? { name: entry } : entry));
}

function requestFor(
  model: ModelResource,
  categories: readonly CategoryResource[],
  identity: Identity,
  entry: TargetEntry | null,
  target: HardwareTargetResource | null,
): Request {
  const defaults = categories.flatMap((one) => one.spec.defaults ?? []);
  const residency =
    entry?.residency ??
    model.spec.residency ??
    defaults.find((one) => one.residency !== undefined)?.residency ??
    'stored';
  const layers = [
    entry?.runtime,
    model.spec.runtime,
    target?.spec.defaults?.runtime,
    ...defaults.map((one) => one.runtime),
  ];
  return {
    model,
    target: entry?.name ?? '-',
    backend: target?.spec.backend ?? null,
    residency,
    runtime: mergeRuntime(layers, residency),
    engineFlags: mergeFlags(layers),
    driftPolicy:
      model.spec.lifecycle?.driftPolicy ??
      defaults.find((one) => one.driftPolicy !== undefined)?.driftPolicy ??
      'Correct',
    here: target === null || isHere(target, identity.self),
  };
}

const isHere = (target: HardwareTargetResource, self: HostResource | null): boolean =>
  self !== null && selects(target, self);

/** Earlier layers win, field by field. What stays loaded has no use for a keepAlive default. */
function mergeRuntime(layers: readonly (Runtime | undefined)[], residency: Residency): LoadOptions {
  const {
    keepAlive,
    engine: _,
    ...options
  } = layers.reduceRight<Runtime>((merged, layer) => ({ ...merged, ...layer }), {});
  if (staysLoaded(residency)) return { ...options, keepAliveMs: 'forever' };
  const keepAliveMs = keepAlive === undefined ? null : parseDuration(keepAlive);
  return keepAliveMs === null ? options : { ...options, keepAliveMs };
}

/** Flag by flag: a Model that sets one keeps those that its Category sets. */
function mergeFlags(
  layers: readonly (Runtime | undefined)[],
): Readonly<Record<string, EngineFlags>> {
  const flags = layers.reduceRight<EngineFlags>(
    (merged, layer) => ({ ...merged, ...layer?.engine?.['llama-server'] }),
    {},
  );
  return Object.keys(flags).length === 0 ? {} : { 'llama-server': flags };
}

const matchesNone = (target: HardwareTargetResource, hosts: readonly HostResource[]): boolean =>
  !hosts.some((host) => selects(target, host));

const matchesNoHost = (target: HardwareTargetResource): Problem =>
  warningProblem({
    code: 'resolve/target-without-host',
    summary: 'A HardwareTarget matches no Host',
    detail: `${resourceLabel(target)} selects labels that no declared Host carries; nothing is pruned.`,
    remedy: 'Correct its selector, or label a Host.',
    origin: target.origin,
    subject: resourceLabel(target),
    path: 'spec.selector.matchLabels',
  });

const withoutTarget = (manifests: Manifests, model: ModelResource): Problem =>
  errorProblem({
    code: 'resolve/no-target',
    summary: 'A Model says nowhere on which machines it belongs',
    detail: `${resourceLabel(model)} has no targets, and several Hosts are declared.`,
    remedy: 'Name one or more HardwareTargets in spec.targets, or in the defaults of its Category.',
    origin: manifests.locate(model, ['spec']),
    subject: resourceLabel(model),
    path: 'spec.targets',
  });
