// A world in which one backend is put to the test, and the short forms that drive it.
import { expect } from 'vitest';
import type {
  Backend,
  ModelRequest,
  PerformContext,
  Performed,
} from '../../src/backends/backend.ts';
import type { Artifact } from '../../src/core/artifact.ts';
import type { ObservedPlacement } from '../../src/core/observed.ts';
import type { ModelAction } from '../../src/core/plan.ts';
import { checked } from '../../src/core/problem.ts';
import type { Io } from '../../src/io/io.ts';
import { sharesNothing } from '../fakes/shared-files.ts';
import { buildActions, look, shapesOf } from './requests.ts';

/** A model that can be brought. */
export interface Subject {
  /** Canonical. */
  readonly source: string;
  readonly artifact: Artifact;
  /** Part of what it answers to anything; null where the engine cannot ask it. */
  readonly says: string | null;
}

export interface Bench {
  readonly backend: Backend;
  readonly io: Io;
  readonly obtain: PerformContext['obtain'];
  /** Default: nothing is shared with other tools. */
  readonly shared?: Pick<PerformContext, 'sharedFiles' | 'isStored'>;
  /** Default: upstream is as it was locked. */
  readonly revisionUpstream?: PerformContext['revisionUpstream'];
  /** Two models with different weights. */
  readonly first: Subject;
  readonly second: Subject;
  /** Names that tests give begin with this: nothing else may be touched. */
  readonly prefix: string;
  /** Takes the engine down for good; only where `Traits.goesDown`. */
  readonly takeDown: () => Promise<void>;
  /** Requests since the world was made; null where nobody counts. */
  readonly requests: (() => { readonly total: number; readonly mutating: number }) | null;
  readonly cleanUp: () => Promise<void>;
}

export interface Traits {
  /** Keeps system prompt and template with a name. */
  readonly derives: boolean;
  /** How many requests a look at a known state may take. */
  readonly observeRequestsMax: number;
  /** A field of `runtime` that is refused on a Model; null when all are served. */
  readonly refusedRuntime: ModelRequest['runtime'] | null;
  /** Keeps models in memory. */
  readonly loads: boolean;
  /** Calls a model as its source does, and no other way: `prefix` is then that of sources. */
  readonly namesBySource: boolean;
  /** Whether the test may take the engine down. */
  readonly goesDown: boolean;
}

export const contextOf = (bench: Bench, more: Partial<PerformContext> = {}): PerformContext => ({
  io: bench.io,
  signal: new AbortController().signal,
  onBytes: () => undefined,
  obtain: bench.obtain,
  ...(bench.shared ?? sharesNothing()),
  revisionUpstream: bench.revisionUpstream ?? (async ({ revision }) => checked(revision)),
  ...more,
});

export async function run(
  bench: Bench,
  actions: readonly ModelAction[],
): Promise<readonly Performed[]> {
  const results: Performed[] = [];
  for (const action of actions) results.push(await bench.backend.perform(action, contextOf(bench)));
  return results;
}

/** Brings a model and everything that serving it takes; what is there is replaced. */
export async function bring(
  bench: Bench,
  asked: ModelRequest,
  subject: Subject,
): Promise<readonly Performed[]> {
  const there = await look(bench, asked, subject.artifact);
  const results = await run(bench, buildActions(bench.backend, asked, subject.artifact, there));
  for (const result of results) expect(result.problem).toBeUndefined();
  return results;
}

export const served = async (
  bench: Bench,
  asked: ModelRequest,
  subject: Subject,
): Promise<ObservedPlacement> => {
  const name = shapesOf(bench.backend, asked).find((shape) => shape.role === 'model')?.name ?? '';
  const found = (await look(bench, asked, subject.artifact)).placements.get(name);
  if (found === undefined) throw new Error(`${name} is not there`);
  return found;
};

export async function ask(bench: Bench, model: string): Promise<string> {
  const { url, headers } = await bench.backend.inference(contextOf(bench));
  const response = await bench.io.http.request({
    method: 'POST',
    url: `${url}/v1/chat/completions`,
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content: 'hello' }],
      temperature: 0,
      max_tokens: 16,
    }),
    isRepeatable: true,
    timeoutMs: 60_000,
  });
  const text = await new Response(ReadableStream.from(response.body)).text();
  expect([response.status, text]).toEqual([200, expect.anything()]);
  const answer = JSON.parse(text) as { choices: { message: { content: string } }[] };
  return answer.choices[0]?.message.content ?? '';
}
