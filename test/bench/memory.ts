// The most memory that a no-op plan of 10,000 models in one file takes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Measured } from './bench.ts';
import { startFakeOllama } from './fake-ollama.ts';
import { run } from './whole-process.ts';

const models = 10_000;
const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** Prints the peak when the process ends: the system keeps it, in kilobytes. */
const printPeak =
  'data:text/javascript,process.on("exit",()=>process._rawDebug("peak "+process.resourceUsage().maxRSS))';

export async function* benchMemory(): AsyncIterable<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'modelctl-bench-'));
  const ollama = await startFakeOllama({ models });
  try {
    const environment = {
      MODELCTL_HOME: join(folder, 'home'),
      OLLAMA_HOST: ollama.url,
      NO_COLOR: '1',
    };
    const manifest = join(folder, 'models.yaml');
    writeFileSync(manifest, ollama.manifest);
    run({ arguments: [main, 'apply', '-f', manifest], environment });
    const startedAt = performance.now();
    const { stderr } = run({
      arguments: ['--import', printPeak, main, 'plan', '-f', manifest, '--detailed-exitcode'],
      environment,
    });
    const kilobytes = Number(/peak (\d+)/.exec(stderr)?.[1]);
    yield {
      title: `peak memory of a no-op plan of ${models} models`,
      value: kilobytes / 1000,
      budget: 200,
      unit: 'MB',
      detail: `${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
    };
  } finally {
    await ollama.stop();
    rmSync(folder, { recursive: true });
  }
}
