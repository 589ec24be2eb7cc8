// Hosts, targets, categories and defaults, seen through a plan on one of several machines.
import { afterEach, describe, expect, it } from 'vitest';
import { actionsOf, createMachine, documents, heldOf, type Machine, source } from '../machine.ts';

let machine: Machine | undefined;

afterEach(() => machine?.remove());

const host = (name: string, label: string): string =>
  `apiVersion: modelctl.dev/v1alpha1
kind: Host
metadata: { name: ${name} }
spec: { labels: { class: ${label} } }
`;

const target = (name: string, label: string, more = ''): string =>
  `apiVersion: modelctl.dev/v1alpha1
kind: HardwareTarget
metadata: { name: ${name} }
spec: { selector: { matchLabels: { class: ${label} } }${more} }
`;

const model = (name: string, spec: string): string =>
  `apiVersion: modelctl.dev/v1alpha1
kind: Model
metadata: { name: ${name} }
spec: { ${source('chat:v1')}, ${spec} }
`;

const category = (name: string, defaults: string): string =>
  `apiVersion: modelctl.dev/v1alpha1
kind: Category
metadata: { name: ${name} }
spec: { defaults: { ${defaults} } }
`;

function on(hostname: string, ...texts: readonly string[]): Machine {
  machine = createMachine({ hostname });
  machine.publish('library/chat:v1', 'one');
  machine.write('models.yaml', documents(...texts));
  return machine;
}

const parametersOf = async (one: Machine): Promise<unknown> => {
  const { plan } = await one.plan();
  const create = plan?.actions.find(({ kind }) => kind === 'create');
  return create?.kind === 'create' && create.build.kind === 'derive'
    ? create.build.recipe.parameters
    : undefined;
};

describe('targets', () => {
  const hosts = [host('box', 'server'), host('laptop', 'mobile')];
  const targets = [target('servers', 'server'), target('laptops', 'mobile')];

  it('put a Model on the machines they select and on no other', async () => {
    const files = [...hosts, ...targets, model('chat', 'targets: [servers]')];
    expect(actionsOf(await on('box', ...files).plan())).toHaveLength(1);
    machine?.remove();
    expect(actionsOf(await on('laptop', ...files).plan())).toEqual([]);
  });

  it('are locked for every machine, so that all of them install the same bytes', async () => {
    const files = [...hosts, ...targets, model('chat', 'targets: [servers, laptops]')];
    const result = await on('laptop', ...files).apply();
    expect(result.lock?.added).toBe(2);
  });

  it('are needed where several Hosts are declared', async () => {
    const result = await on('box', ...hosts, model('chat', 'residency: stored')).plan();
    expect(result.problems.map(({ code, path }) => [code, path])).toEqual([
      ['resolve/no-target', 'spec.targets'],
    ]);
    expect(result.exitCode).toBe(1);
  });

  it('that match no Host are warned of, and nothing is pruned', async () => {
    const files = [
      host('box', 'server'),
      target('servers', 'server'),
      model('chat', 'targets: [servers]'),
    ];
    const one = on('box', ...files);
    await one.apply();
    one.write(
      'models.yaml',
      documents(
        host('box', 'server'),
        target('servers', 'serverr'),
        model('chat', 'targets: [servers]'),
      ),
    );
    const result = await one.apply({ prune: true });
    expect(result.plan?.warnings.map(({ code }) => code)).toEqual(['resolve/target-without-host']);
    expect(heldOf(result).map((line) => line.split(': ')[1])).toEqual(['partial-render']);
    expect(one.names()).toHaveLength(1);
  });

  it('do nothing on a machine that is none of the declared Hosts', async () => {
    const result = await on(
      'stranger',
      ...hosts,
      ...targets,
      model('chat', 'targets: [servers]'),
    ).apply();
    expect(result.problems.map(({ code }) => code)).toEqual(['resolve/unknown-host']);
    expect(machine?.ollama.mutations()).toEqual([]);
  });
});

describe('defaults', () => {
  const base = [host('box', 'server')];

  it('come from the target entry, the Model, the HardwareTarget, the Category, in this order', async () => {
    const one = on(
      'box',
      ...base,
      target('servers', 'server', ', defaults: { runtime: { contextLength: 2, threads: 2 } }'),
      category('first', 'runtime: { contextLength: 3, threads: 3, gpuLayers: 3 }'),
      category('second', 'runtime: { gpuLayers: 4 }'),
      model(
        'chat',
        'categories: [first, second], runtime: { contextLength: 1 }, targets: [{ name: servers, runtime: { contextLength: 9 } }]',
      ),
    );
    expect(await parametersOf(one)).toEqual({ num_ctx: 9, num_thread: 2, num_gpu: 3 });
  });

  it('give targets and residency from the first Category that has them', async () => {
    const one = on(
      'box',
      ...base,
      target('servers', 'server'),
      category('plain', 'runtime: {}'),
      category('kept', 'targets: [servers], residency: loaded'),
      model('chat', 'categories: [plain, kept]'),
    );
    expect(actionsOf(await one.plan()).map((line) => line.split(' ')[0])).toEqual(['pull', 'load']);
  });
});

describe('a Model that an engine cannot serve', () => {
  it('is held as unsupported without asking the registry, and keeps what it had', async () => {
    const one = on('box', model('chat', 'residency: stored'));
    await one.apply();
    one.write('models.yaml', model('chat', 'runtime: { parallel: 4 }'));
    const result = await one.apply({ prune: true });
    expect(heldOf(result)).toEqual(['chat:latest: unsupported']);
    expect(result.exitCode).toBe(3);
    expect(one.names()).toHaveLength(1);
  });
});

describe('one served name', () => {
  it('cannot be wanted twice on a backend', async () => {
    const result = await on(
      'box',
      model('chat', 'derive: { system: A. }'),
      model('other', 'derive: { system: B. }, aliases: [chat]'),
    ).plan();
    expect(result.problems.map(({ code }) => code)).toEqual(['resolve/name-claimed-twice']);
  });

  it('may be the base of several Models', async () => {
    const result = await on(
      'box',
      model('chat', 'derive: { system: A. }'),
      model('other', 'derive: { system: B. }'),
    ).plan();
    expect(actionsOf(result).filter((line) => line.startsWith('pull'))).toHaveLength(1);
    expect(result.exitCode).toBe(0);
  });
});
