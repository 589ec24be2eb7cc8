// Starts the fake Ollama of serve-ollama.ts, and writes the manifest that declares what it holds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface RunningOllama {
  readonly url: string;
  /** One file that declares every model it holds. */
  readonly manifest: string;
  readonly stop: () => Promise<void>;
}

const program = fileURLToPath(new URL('serve-ollama.ts', import.meta.url));

export async function startFakeOllama({ models }: { models: number }): Promise<RunningOllama> {
  const child = spawn(process.execPath, [program, String(models)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = line.toString('utf8').trim();
  const host = new URL(url).host;
  const documents = Array.from({ length: models }, (_, index) => manifestOf(host, index));
  return {
    url,
    manifest: documents.join('---\n'),
    stop: async () => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

const manifestOf = (host: string, index: number): string =>
  `apiVersion: modelctl.dev/v1alpha1
kind: Model
metadata:
  name: model-${index}
spec:
  source: ${host}/library/model-${index}:latest
`;
