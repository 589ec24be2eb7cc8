// How locked bytes compare with what their source serves now. Pure, and the same for every source:
// what a file is to a model is told by its media type where a registry gives one, else by its name.
import { type Artifact, type ArtifactFile, artifactBytes } from './artifact.ts';
import type { Digest } from './digest.ts';
import type { Origin, Problem } from './problem.ts';

/** What a file is to a model; `manifest` is the list of the files itself. */
export type PartKind =
  | 'weights'
  | 'template'
  | 'params'
  | 'system'
  | 'projector'
  | 'adapter'
  | 'licence'
  | 'config'
  | 'manifest'
  | 'other';

export interface ChangedPart {
  readonly part: PartKind;
  /** Of the file within the artifact; empty for `manifest`. */
  readonly path: string;
  readonly change: 'added' | 'removed' | 'replaced';
  /** Of the file as it is upstream now; as it was locked where it is removed. */
  readonly bytes: number;
}

export interface UpstreamChange {
  readonly moved: boolean;
  /** Empty when nothing moved; weights first. */
  readonly changed: readonly ChangedPart[];
  /** Of the files that the locked artifact does not have already. */
  readonly downloadBytes: number;
}

/** Exact bytes, as people compare them. */
export interface Version {
  readonly revision: Digest;
  readonly weights: Digest;
  readonly bytes: number;
}

/** One line of the lock: which Model, on which target, from which source. */
export interface LockedLine {
  /** metadata.name of the Model. */
  readonly model: string;
  /** metadata.name of the HardwareTarget; `-` where the Model names none. */
  readonly target: string;
  /** In canonical form. */
  readonly source: string;
  /** Absent where it is not resolved yet. */
  readonly version?: Version;
}

/** One line of the lock, or one that it should have, and how its source stands to it. */
export interface Standing extends Omit<LockedLine, 'version'> {
  readonly status:
    | 'moved'
    | 'current'
    /** The reference names its bytes itself, so it cannot move. */
    | 'pinned'
    /** The lock has no entry. */
    | 'unlocked'
    /** The source could not be asked: see `problem`. */
    | 'unknown';
  readonly locked: Version | null;
  /** Null where the source was not asked, or did not say. */
  readonly upstream: Version | null;
  readonly changed: readonly ChangedPart[];
  /** Null where it is not known. */
  readonly downloadBytes: number | null;
  readonly problem: Problem | null;
  readonly origin?: Origin;
}

export const versionOf = (artifact: Artifact): Version => ({
  revision: artifact.revision,
  weights: artifact.weights,
  bytes: artifactBytes(artifact),
});

/**
 * What has other bytes: a file under the same name, else the next one that is the same to a model.
 * The same bytes under another name are no change.
 */
export function compareUpstream(locked: Artifact, upstream: Artifact): UpstreamChange {
  if (locked.revision === upstream.revision) return { moved: false, changed: [], downloadBytes: 0 };
  const gone = partsWithout(locked, upstream);
  const come = partsWithout(upstream, locked);
  const replaced = new Set<FilePart>();
  for (const isSame of [samePath, samePart]) {
    for (const part of come) {
      const at = replaced.has(part) ? -1 : gone.findIndex((one) => isSame(one, part));
      if (at < 0) continue;
      gone.splice(at, 1);
      replaced.add(part);
    }
  }
  const changed: readonly ChangedPart[] = [
    ...come.map((part) => ({
      ...part,
      change: replaced.has(part) ? ('replaced' as const) : ('added' as const),
    })),
    ...gone.map((part) => ({ ...part, change: 'removed' as const })),
  ];
  return {
    moved: true,
    changed: changed.length === 0 ? [manifestOnly] : changed.toSorted(byPart),
    downloadBytes: newBytes(locked, upstream),
  };
}

type FilePart = Omit<ChangedPart, 'change'>;

/** Of one artifact, the files whose bytes the other has not. */
function partsWithout(one: Artifact, other: Artifact): FilePart[] {
  const known = new Set(other.files.map(({ digest }) => digest));
  return one.files.flatMap((file) => {
    if (known.has(file.digest)) return [];
    const part = file.digest === one.weights ? 'weights' : partOf(file);
    return [{ part, path: file.path, bytes: file.bytes }];
  });
}

const samePath = (a: FilePart, b: FilePart): boolean => a.path === b.path;
const samePart = (a: FilePart, b: FilePart): boolean => a.part !== 'other' && a.part === b.part;

/** The files are the same; what is said about them is not. */
const manifestOnly: ChangedPart = { part: 'manifest', path: '', change: 'replaced', bytes: 0 };

/** Each digest is fetched once, however many names it has. */
function newBytes(locked: Artifact, upstream: Artifact): number {
  const known = new Set(locked.files.map(({ digest }) => digest));
  const coming = new Map(
    upstream.files.flatMap(({ digest, bytes }) => (known.has(digest) ? [] : [[digest, bytes]])),
  );
  return coming.values().reduce((sum, bytes) => sum + bytes, 0);
}

const order: readonly PartKind[] = [
  'weights',
  'projector',
  'adapter',
  'template',
  'system',
  'params',
  'licence',
  'config',
  'other',
  'manifest',
];

const byPart = (a: ChangedPart, b: ChangedPart): number =>
  order.indexOf(a.part) - order.indexOf(b.part);

/** What a file is, by its media type where that says it, else by its name. */
function partOf({ mediaType, path }: Pick<ArtifactFile, 'mediaType' | 'path'>): PartKind {
  const said = byMediaType.find(([pattern]) => pattern.test(mediaType ?? ''));
  if (said !== undefined) return said[1];
  const name = path.slice(path.lastIndexOf('/') + 1);
  return byName.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
}

// Ollama's layers, Docker's for models, and those of the CNCF's ModelPack.
const byMediaType: readonly (readonly [RegExp, PartKind])[] = [
  [/^application\/vnd\.ollama\.image\.(model|tensor)$/, 'weights'],
  [/^application\/vnd\.ollama\.image\.projector$/, 'projector'],
  [/^application\/vnd\.ollama\.image\.adapter$/, 'adapter'],
  [/^application\/vnd\.ollama\.image\.(template|prompt)$/, 'template'],
  [/^application\/vnd\.ollama\.image\.system$/, 'system'],
  [/^application\/vnd\.ollama\.image\.params$/, 'params'],
  [/^application\/vnd\.ollama\.image\.license$/, 'licence'],
  [/^application\/vnd\.docker\.ai\.(gguf|safetensors)\b/, 'weights'],
  [/^application\/vnd\.docker\.ai\.mmproj$/, 'projector'],
  [/^application\/vnd\.docker\.ai\.lora\b/, 'adapter'],
  [/^application\/vnd\.docker\.ai\.chat\.template\b/, 'template'],
  [/^application\/vnd\.docker\.ai\.license$/, 'licence'],
  [/^application\/vnd\.cncf\.model\.weight\.config\b/, 'params'],
  [/^application\/vnd\.cncf\.model\.weight\b/, 'weights'],
  [/^application\/vnd\.[a-z0-9.]+\bconfig\b/, 'config'],
  [/^application\/vnd\.docker\.container\.image\b/, 'config'],
];

const byName: readonly (readonly [RegExp, PartKind])[] = [
  [/^(licen[cs]e|copying|notice)\b/i, 'licence'],
  [/mmproj.*\.gguf$/i, 'projector'],
  [/\.(gguf|safetensors)$/i, 'weights'],
  [/^(chat_template\.|.*\.jinja2?$)/i, 'template'],
  [/^(generation_config\.json|params)$/i, 'params'],
  [/^config\.json$/i, 'config'],
];
