import { describe, expect, it } from 'vitest';
import { transfersNamed } from '../../src/cli/transfer-named.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { SurveyedTransfer } from '../../src/core/surveyed-transfer.ts';

const digest = (start: string): Digest => `sha256:${start.padEnd(64, '0')}`;
const one = (start: string, model: string, name: string, path: string): SurveyedTransfer => ({
  digest: digest(start),
  state: 'partial',
  origin: { source: `hf://org/${model}`, path, wantedBy: { model, name } },
  completedBytes: 1,
  totalBytes: 2,
  diskBytes: 1,
  file: `/cache/${start}.partial`,
  pid: null,
  startedAt: 0,
  updatedAt: 0,
});
const first = one('cafe01', 'chat', 'chat:latest', 'a-1.gguf');
const second = one('cafe02', 'chat', 'chat:latest', 'a-2.gguf');
const other = one('beef01', 'cafe', 'qwen3:8b', 'b.gguf');
const orphan: SurveyedTransfer = { ...one('dead01', '', '', ''), state: 'orphan', origin: null };
const all = [first, second, other, orphan];

describe('a transfer is meant by', () => {
  it.each([
    ['the Model that it is for', 'chat', [first, second]],
    ['what clients call that', 'chat:latest', [first, second]],
    ['its source', 'hf://org/cafe', [other]],
    ['its file', 'a-2.gguf', [second]],
    ['the start of its digest', 'cafe02', [second]],
    ['the start of its digest, as engines write it', 'sha256:dead', [orphan]],
    ['a name before a digest', 'cafe', [other]],
  ])('%s', (_, name, found) => {
    expect(transfersNamed(all, name)).toEqual(found);
  });

  it.each(['caf', 'chat:v2', 'gguf', '', 'nobody'])('nothing else: %j', (name) => {
    expect(transfersNamed(all, name)).toEqual([]);
  });
});
