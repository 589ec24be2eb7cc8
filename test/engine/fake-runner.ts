// A model's process without a model, for tests of what the engine does with such processes: says at
// once what it is told to, and is named by the path that it is to load.
import process from 'node:process';
import type { RunnerMessage, RunnerRequest } from '../../src/engine/runner-protocol.ts';

const memory = { residentBytes: 1, llamaBytes: 1, vramBytes: 0 };
const say = (message: RunnerMessage): void => void process.send?.(message);
let path = '';

process.on('message', (request: RunnerRequest) => {
  const { id } = request;
  if (request.kind === 'load') {
    ({ path } = request.model);
    if (path === 'exits') process.exit(3);
    const actual = {
      contextLength: 512,
      trainedContextLength: 512,
      gpuLayers: 0,
      threads: 1,
      parallel: request.model.load.parallel ?? 1,
      gpu: false,
      purpose: 'chat',
    } as const;
    say({ kind: 'done', id, result: { actual }, memory });
  }
  if (request.kind === 'chat') {
    const numbers = { promptTokens: 1, completionTokens: 1 };
    const result = { text: path, reasoning: '', finishReason: 'stop', ...numbers } as const;
    say({ kind: 'done', id, result, memory });
  }
});
process.on('disconnect', () => process.exit(0));
