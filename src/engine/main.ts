// The program of the engine process, and of its models' processes. Started by
// backends/embedded/control.ts as `main serve FOLDER STORE`; outlives whoever started it, and ends
// on POST /api/stop or SIGTERM.
import process from 'node:process';
import { assert } from '../core/assert.ts';
import type { EngineMode } from './protocol.ts';

const [, , mode, folder, store] = process.argv;

if (mode === ('runner' satisfies EngineMode)) {
  const { runRunner } = await import('./runner-process.ts');
  runRunner();
} else {
  assert(
    mode === ('serve' satisfies EngineMode) && folder && store,
    'usage: main serve FOLDER STORE',
  );
  const { serve } = await import('./serve.ts');
  await serve(folder, store);
}
