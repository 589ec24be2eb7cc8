// A Model that goes from engine to engine by an edit of its manifest: made from the bytes that the last
// one has, which goes after that. What serves the bytes counts what it is asked for.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ggufBytes } from '../fakes/gguf-bytes.ts';
import { createHub } from '../fakes/hub-server.ts';
import { createRegistry } from '../fakes/registry-server.ts';
import { digestOf } from '../fakes/registry-store.ts';
import {
  createMachine,
  documents,
  hostDocument,
  type Machine,
  modelDocument,
  ollamaUrl,
} from '../machine.ts';

let machine: Machine;
afterEach(() => machine.remove());

type Engine = 'embedded' | 'ollama' | 'huggingface';

const backend = (type: Engine, more = ''): string =>
  documents(
    `apiVersion: modelctl.dev/v1alpha1\nkind: Backend\nmetadata: { name: ${type} }\nspec: { type: ${type}${more} }\n`,
    `apiVersion: modelctl.dev/v1alpha1\nkind: HardwareTarget\nmetadata: { name: on-${type} }\nspec: { selector: { matchLabels: { on: box } }, backend: ${type} }\n`,
  );

function machineWith(access: string, http: Parameters<typeof createMachine>[0]) {
  machine = createMachine({ hasStore: true, ...http });
  const rest = [
    hostDocument('box'),
    backend('embedded'),
    backend('huggingface'),
    backend('ollama', `, endpoint: "${ollamaUrl}", files: { access: ${access} }`),
  ];
  return {
    applyOn: async (engine: Engine, source: string) => {
      const model = modelDocument('chat', `source: "${source}"`, `targets: [on-${engine}]`);
      machine.write('models.yaml', documents(model, ...rest));
      const applied = await machine.apply({ prune: true });
      expect(applied.problems).toEqual([]);
      expect(applied.exitCode).toBe(0);
      expect((await machine.plan({ prune: true })).plan?.actions).toEqual([]);
      return applied;
    },
  };
}

const stepsOf = ({ changes }: Awaited<ReturnType<Machine['apply']>>): readonly string[] =>
  (changes?.entries ?? []).map(({ outcome, downloadedBytes }) => `${outcome} ${downloadedBytes}`);

const bytes = ggufBytes();
const blob = (): string =>
  join(machine.home, 'cache/oci/blobs/sha256', digestOf(bytes).slice('sha256:'.length));

describe.each([
  ['its files', 'write'],
  ['its API', 'read'],
])('a model that comes to the Ollama through %s', (_, access) => {
  it('goes from engine to engine without a byte from the Hub', async () => {
    const hub = createHub();
    hub.push('org/repo', { 'm-Q4_K_M.gguf': bytes });
    const { applyOn } = machineWith(access, { elsewhere: hub.http });
    const source = 'hf://org/repo:Q4_K_M';
    expect(stepsOf(await applyOn('embedded', source))).toEqual([`pulled ${bytes.length}`]);
    hub.requests.length = 0;
    for (const engine of ['ollama', 'embedded', 'huggingface', 'ollama', 'embedded'] as const) {
      const applied = await applyOn(engine, source);
      const made = engine === 'ollama' ? 'created' : 'pulled';
      expect([engine, stepsOf(applied)]).toEqual([engine, [`${made} 0`, 'evicted 0']]);
      expect(applied.plan?.actions.map((action) => action.bytes.download)).toEqual([0, 0]);
      expect(machine.names()).toEqual(engine === 'ollama' ? ['chat:latest'] : []);
      expect(existsSync(blob())).toBe(engine === 'embedded');
    }
    expect(hub.requests).toEqual([]);
  });

  it('goes from engine to engine without a byte from the web', async () => {
    const registry = createRegistry();
    registry.files.set('m.gguf', bytes);
    const { applyOn } = machineWith(access, { elsewhere: registry.http });
    const source = `https://models.example.com/files/m.gguf#${digestOf(bytes).replace(':', '=')}`;
    await applyOn('embedded', source);
    registry.requests.length = 0;
    for (const engine of ['ollama', 'embedded'] as const) {
      expect(stepsOf(await applyOn(engine, source))[0]).toMatch(/ 0$/);
    }
    expect(registry.requests).toEqual([]);
  });

  it('stays where it is while the other engine does not take it', async () => {
    const hub = createHub();
    hub.push('org/repo', { 'm-Q4_K_M.gguf': bytes });
    const { applyOn } = machineWith(access, { elsewhere: hub.http });
    const source = 'hf://org/repo:Q4_K_M';
    await applyOn('embedded', source);
    machine.setDown(true);
    const manifest = machine.read('models.yaml').replace('on-embedded]', 'on-ollama]');
    writeFileSync(join(machine.folder, 'models.yaml'), manifest);
    const applied = await machine.apply({ prune: true });
    expect(applied.plan?.actions).toEqual([]);
    expect(applied.plan?.held.map(({ because }) => because)).toContain('unreachable');
    expect(existsSync(blob())).toBe(true);
    machine.setDown(false);
    hub.requests.length = 0;
    expect(stepsOf(await applyOn('ollama', source))).toEqual(['created 0', 'evicted 0']);
    expect(hub.requests).toEqual([]);
  });
});
