// Somebody else is at work on the same engine at the same moment: what was seen is told apart from
// what is there a moment later.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  actionsOf,
  createMachine,
  type Machine,
  modelDocument,
  ollamaUrl,
  served,
  source,
} from '../machine.ts';

let machine: Machine;

beforeEach(async () => {
  machine = createMachine();
  machine.publish('library/chat:v1', 'one');
  machine.publish('library/foreign:v1', 'foreign');
  await machine.ollama.foreign.pull(served('foreign:v1'));
});

afterEach(() => machine.remove());

/** As another client of the engine does it, whatever a test makes of the requests of modelctl. */
const copying =
  ({ request }: Machine['io']['http']) =>
  (from: string, to: string) =>
    request({
      method: 'POST',
      url: `${ollamaUrl}/api/copy`,
      body: JSON.stringify({ source: from, destination: to }),
      timeoutMs: 1000,
    });

describe('what an engine tells of a name', () => {
  it('is not remembered for the content that the name held before', async () => {
    machine.write(
      'models.yaml',
      modelDocument('chat', source('chat:v1'), 'derive: { system: Brief. }'),
    );
    await machine.apply();
    const { http } = machine.io;
    const { request } = http;
    const copy = copying({ request });
    await copy(served('chat:v1'), 'aside');
    // The ledger is lost, so everything is asked for again; and between the list and the question
    // about it the base is given other content.
    vi.spyOn(http, 'request').mockImplementation(async (asked) => {
      if (asked.url.endsWith('/api/show')) await copy(served('foreign:v1'), served('chat:v1'));
      return request(asked);
    });
    rmSync(`${machine.home}/state/ledger.db`);
    await machine.apply();
    vi.restoreAllMocks();
    await copy('aside', served('chat:v1'));
    const result = await machine.apply();
    expect(result.exitCode).toBe(0);
    expect(actionsOf(await machine.plan())).toEqual([]);
    expect(result.plan?.unchanged.map(({ name }) => name)).toEqual([
      served('chat:v1'),
      'chat:latest',
    ]);
  });
});
