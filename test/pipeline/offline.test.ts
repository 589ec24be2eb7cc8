// A restored set on a machine without a network, whose Ollama lets modelctl use its API only: the
// bytes are there, and the manifest would have to come from a registry that nobody reaches.
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bundle } from '../../src/bundle.ts';
import type { Http } from '../../src/io/io.ts';
import { lock } from '../../src/lock.ts';
import { restore } from '../../src/restore.ts';
import { createFakeOllama } from '../fakes/ollama-server.ts';
import { createMachine, heldOf, type Machine, modelDocument } from '../machine.ts';

/** No fake Ollama reaches this host; modelctl does while it goes to `registry`. */
const host = 'models.invalid';
const name = `${host}/library/chat:v1`;
const registry = createFakeOllama();
registry.registry.publish('library/chat:v1', { weights: 'chat '.padEnd(3000, '.') });

let origin: Machine;
let target: Machine;
let isReached = true;
const network = registry.http(`https://${host}`);
const maybe: Http = {
  request: (request) =>
    isReached ? network.request(request) : createFakeOllama().http().request(request),
};

beforeEach(async () => {
  isReached = true;
  origin = createMachine({ elsewhere: network });
  origin.write('models.yaml', modelDocument('chat', `source: ollama://${name}`));
  const signal = AbortSignal.timeout(15_000);
  const inputs = [join(origin.folder, 'models.yaml')];
  await lock({ inputs }, { io: origin.io, signal });
  const path = join(origin.folder, 'bundle');
  await bundle({ inputs, path }, { io: origin.io, signal });
});

afterEach(() => {
  origin.remove();
  target.remove();
});

async function restored(options: Parameters<typeof createMachine>[0]): Promise<void> {
  target = createMachine({ ...options, elsewhere: maybe });
  isReached = false;
  const path = join(origin.folder, 'bundle');
  const context = { io: target.io, signal: AbortSignal.timeout(15_000) };
  await restore({ path }, context);
}

it('is held by the plan, which says which registry and what would do', async () => {
  await restored({});
  const planned = await target.plan({ locked: true });
  expect(heldOf(planned)).toEqual([`${name}: unreachable`]);
  const [held] = planned.plan?.held ?? [];
  expect(held?.detail).toContain(host);
  expect(held?.remedy).toContain('spec.files');
  const applied = await target.apply({ locked: true });
  expect([applied.exitCode, applied.changes]).toEqual([3, null]);
  expect(target.ollama.mutations()).toEqual([]);
});

it('keeps its bytes for the apply that may write the files of the engine', async () => {
  await restored({ hasStore: true });
  const files = '{ files: { access: none }, type: ollama }';
  const backend = (spec: string): string =>
    `---\napiVersion: modelctl.dev/v1alpha1\nkind: Backend\nmetadata: { name: main }\nspec: ${spec}\n`;
  const models = target.read('models.yaml');
  target.write('models.yaml', models + backend(files));
  expect(heldOf(await target.apply())).toEqual([`${name}: unreachable`]);
  target.write('models.yaml', models);
  const applied = await target.apply();
  expect([applied.exitCode, heldOf(applied)]).toEqual([0, []]);
  expect(target.names()).toEqual([name]);
});

it('says that the engine could not reach the registry when modelctl could', async () => {
  await restored({});
  isReached = true;
  const applied = await target.apply({ locked: true });
  expect(applied.exitCode).toBe(3);
  const [problem] = (applied.changes?.entries ?? []).map((entry) => entry.problem);
  expect(problem).toMatchObject({ code: 'backend/registry-unreachable', retry: 'later' });
  expect(problem?.detail).toContain(`${host}, and could not get it there`);
  expect(problem?.detail).toContain('here, verified');
  expect(problem?.remedy).toContain('user that owns the store');
  expect(target.names()).toEqual([]);
});
