// Runs once before the tests: the command line tests spawn dist/cli/main.js.

import { ensureBuilt } from './build.ts';

export async function setup(): Promise<void> {
  await ensureBuilt();
}
