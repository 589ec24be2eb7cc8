// The ways in which a model gets into an engine that keeps its models itself, best first, and what
// each of them guarantees. What an engine allows is observed; the planner copies it into actions.

export type Way =
  /** We put verified files, and the locked manifest, into the engine's own store. */
  | 'files'
  /** We hand verified files to the engine, which then needs its registry for the manifest only. */
  | 'api'
  /** The engine fetches everything by itself. */
  | 'engine';

/** What an engine lets us do now. */
export interface Access {
  readonly way: Exclude<Way, 'engine'>;
  /**
   * What we fetch lies on the engine's own disk until the run ends: a copy of it takes room twice,
   * and a second name for it (through files) takes none.
   */
  readonly stagesBeside: boolean;
}

/** `through files: exactly the locked bytes`. */
export function describeWay(way: Way, kind: 'pull' | 'create'): string {
  return `${paths[way]}: ${kind === 'create' ? 'made from the locked bytes' : guarantees[way]}`;
}

const paths: Readonly<Record<Way, string>> = {
  files: 'through files',
  api: 'through the API',
  engine: 'by the engine itself',
};

const guarantees: Readonly<Record<Way, string>> = {
  files: 'exactly the locked bytes',
  api: 'the locked bytes or nothing',
  engine: 'compared afterwards',
};
