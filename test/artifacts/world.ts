// A folder that goes away with the test, the real disk, and whatever network a test brings.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { directRoutes } from '../../src/artifacts/registries/route.ts';
import type { SourceContext } from '../../src/artifacts/source.ts';
import { type Checked, type Problem, ProblemError } from '../../src/core/problem.ts';
import { type Http, HttpError, type Io } from '../../src/io/io.ts';
import { createNodeIo } from '../../src/io/node.ts';

export interface World extends SourceContext {
  readonly io: Io;
  readonly folder: string;
}

const noNetwork: Http = {
  request: async ({ url }) => {
    throw new HttpError('refused', `${url}: nothing listens`);
  },
};

export function createWorld(http: Http = noNetwork, signal = new AbortController().signal): World {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'modelctl-test-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { io: { ...createNodeIo(), http, web: http }, folder, routes: directRoutes(http), signal };
}

/** The value of a result without errors; a failing test shows the problems. */
export function valueOf<T>(result: Checked<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2));
  return result.value;
}

/** The only problem of a result that is refused. */
export function problemOf(result: Checked<unknown>): Problem {
  const [problem, ...more] = result.problems;
  if (result.ok || problem === undefined || more.length > 0) {
    throw new Error(`one problem was expected: ${JSON.stringify(result, null, 2)}`);
  }
  return problem;
}

/** Text that fits, inside an object that is compared. Unlike expect's own, it is not `any`. */
export const matching = (pattern: RegExp | string): unknown =>
  typeof pattern === 'string' ? expect.stringContaining(pattern) : expect.stringMatching(pattern);

/** The problem that some work throws. */
export async function problemFrom(work: Promise<unknown>): Promise<Problem> {
  const error = await work.then(
    () => expect.fail('a problem was expected'),
    (reason: unknown) => reason,
  );
  if (error instanceof ProblemError) return error.problem;
  throw error;
}
