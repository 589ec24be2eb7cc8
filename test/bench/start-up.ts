// What a command costs before it does anything, against the least that Node can do.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Measured } from './bench.ts';
import { startFakeOllama } from './fake-ollama.ts';
import { type Command, ratioToFloor, run } from './whole-process.ts';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

export async function* benchStartUp(): AsyncIterable<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'modelctl-bench-'));
  const ollama = await startFakeOllama({ models: 20 });
  try {
    const environment = {
      MODELCTL_HOME: join(folder, 'home'),
      OLLAMA_HOST: ollama.url,
      NO_COLOR: '1',
    };
    const manifest = join(folder, 'models.yaml');
    writeFileSync(manifest, ollama.manifest);
    yield measure('--version', 1.25, { arguments: [main, '--version'], environment });
    const validate = [main, 'validate', '-f', manifest];
    yield measure('validate of one file', 2.0, { arguments: validate, environment });
    run({ arguments: [main, 'apply', '-f', manifest], environment });
    const plan = [main, 'plan', '-f', manifest, '--detailed-exitcode'];
    yield measure('no-op plan against an Ollama', 3.5, { arguments: plan, environment });
  } finally {
    await ollama.stop();
    rmSync(folder, { recursive: true });
  }
}

function measure(title: string, budget: number, command: Command): Measured {
  const { median, floorMs, subjectMs } = ratioToFloor(command);
  const detail = `${subjectMs.toFixed(0)} ms against ${floorMs.toFixed(0)} ms for node -e 0`;
  return { title, value: median, budget, unit: 'x', detail };
}
