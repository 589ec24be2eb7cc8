// An engine that systemd runs: its drop-in written, tried, put back, kept by others; with a systemctl
// that starts a real process with what a drop-in says.
import { readFileSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodeIo } from '../../src/io/node.ts';
import { type Reconciliation, reconcile } from '../../src/reconcile.ts';
import { freePort, plannedBy, saidBy, until } from './tiny-world.ts';

const script = fileURLToPath(new URL('../fakes/systemctl.mjs', import.meta.url));
const changed = ['PATH', 'XDG_CONFIG_HOME', 'FAKE_SYSTEMD', 'MODELCTL_HOME', 'TINY_SECRET'];
const before = Object.fromEntries(changed.map((name) => [name, process.env[name]]));

let folder = '';
let endpoint = '';
let manifest = '';
let dropIns = '';
const system = (name: string): string => join(folder, 'systemd', name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelctl-systemd-'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'systemd'));
  const programs = {
    systemctl: `exec '${process.execPath}' '${script}' "$@"`,
    journalctl: `tail -n 20 '${system('journal')}'`,
  };
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`);
    await chmod(join(folder, 'bin', name), 0o755);
  }
  process.env['PATH'] = `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`;
  process.env['XDG_CONFIG_HOME'] = join(folder, 'config');
  process.env['FAKE_SYSTEMD'] = join(folder, 'systemd');
  process.env['MODELCTL_HOME'] = join(folder, 'home');
  const port = await freePort();
  endpoint = `http://127.0.0.1:${port}`;
  manifest = join(folder, 'models.yaml');
  dropIns = join(folder, 'config/systemd/user/tiny.service.d');
  await writeFile(system('unit'), 'tiny.service');
  await writeFile(system('host'), `127.0.0.1:${port}`);
});

afterEach(async () => {
  const io = createNodeIo();
  const options = { timeoutMs: 10_000, signal: new AbortController().signal, outputBytesMax: 1000 };
  await io.processes.run(process.execPath, [script, 'stop'], options);
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await rm(folder, { recursive: true, force: true });
});

const declare = (settings: string, unit = 'tiny'): Promise<void> =>
  writeFile(
    manifest,
    `apiVersion: modelctl.dev/v1alpha1
kind: Backend
metadata: { name: tiny }
spec:
  type: ollama
  endpoint: ${endpoint}
  service: { type: systemd, unit: ${unit}, scope: user }
${settings === '' ? '' : `  settings: ${settings}\n`}`,
  );

const run = (mode: 'plan' | 'apply'): Promise<Reconciliation> =>
  reconcile(
    { inputs: [manifest], mode },
    { io: createNodeIo(), signal: new AbortController().signal, report: () => undefined },
  );

const environment = async (): Promise<Readonly<Record<string, unknown>>> =>
  (await (await fetch(`${endpoint}/environment`)).json()) as Readonly<Record<string, unknown>>;

const dropIn = (): string => readFileSync(join(dropIns, '50-modelctl.conf'), 'utf8');

describe('a unit of systemd', { timeout: 60_000 }, () => {
  test('gets a drop-in, is restarted with it, and then there is nothing to do', async () => {
    await declare(
      String.raw`{ numParallel: 4, environment: { ODD: "q\"b\\s%h $x\nline\ttab 'one'", TINY: "" } }`,
    );
    const first = await run('apply');
    expect(saidBy(first)).toEqual(['configure: configured', 'restart: restarted']);
    expect(first.exitCode).toBe(0);
    expect(await environment()).toMatchObject({
      OLLAMA_NUM_PARALLEL: '4',
      ODD: "q\"b\\s%h $x\nline\ttab 'one'",
      TINY: '',
    });
    expect(dropIn().split('\n')[0]).toContain('modelctl');
    const calls = readFileSync(system('calls'), 'utf8').split('\n');
    const changes = calls.filter((call) => /reload|restart/.test(call));
    expect(changes.map((call) => call.replace('--user --no-ask-password ', ''))).toEqual([
      'daemon-reload',
      'daemon-reload',
      'restart tiny.service',
    ]);
    const second = await run('apply');
    expect(plannedBy(second)).toEqual([]);
    expect(second.changes).toBeNull();
  });

  test('gets its former drop-in back when it does not come up with another', async () => {
    await declare('{ numParallel: 4 }');
    await run('apply');
    const former = dropIn();
    process.env['TINY_SECRET'] = 'tell-nobody-of-this';
    await declare('{ environment: { TINY_ENGINE: refuses, TINY_TOKEN: { env: TINY_SECRET } } }');
    const result = await run('apply');
    expect(saidBy(result)).toEqual(['configure: configured', 'restart: failed']);
    const detail = result.changes?.entries.at(-1)?.problem?.detail ?? '';
    expect(detail).toContain('It runs with its former settings again.');
    expect(detail).toContain('cannot run with the token ***');
    expect(dropIn()).toBe(former);
    await expect(stat(join(dropIns, '50-modelctl.env'))).rejects.toThrow('ENOENT');
    expect(await environment()).toMatchObject({ OLLAMA_NUM_PARALLEL: '4' });
  });

  test('has its first drop-in taken away again when it does not come up with it', async () => {
    await declare('{ environment: { TINY_ENGINE: refuses } }');
    expect(saidBy(await run('apply'))).toEqual(['configure: configured', 'restart: failed']);
    await expect(stat(join(dropIns, '50-modelctl.conf'))).rejects.toThrow('ENOENT');
    expect(await environment()).not.toHaveProperty('TINY_ENGINE');
  });

  test('has its secrets in a file of its owner, and nowhere else', async () => {
    const secret = 'a"b$c`d\\e %f';
    process.env['TINY_SECRET'] = secret;
    await declare('{ environment: { TINY_TOKEN: { env: TINY_SECRET } } }');
    const result = await run('apply');
    expect(await environment()).toMatchObject({ TINY_TOKEN: secret });
    const path = join(dropIns, '50-modelctl.env');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).not.toBe('');
    const shown = JSON.stringify([result.plan, result.changes, dropIn()]);
    expect(shown).toContain('from the variable TINY_SECRET');
    expect(shown).not.toContain('d\\\\e %f');
    expect(plannedBy(await run('plan'))).toEqual([]);
  });

  test('is put right when somebody edits the drop-in, takes it away, or starts without it', async () => {
    await declare('{ numParallel: 4 }');
    await run('apply');
    writeFileSync(join(dropIns, '50-modelctl.conf'), dropIn().replace('=4', '=7'));
    const edited = await run('plan');
    expect(edited.plan?.drift).toMatchObject([{ because: 'OLLAMA_NUM_PARALLEL was 4 and is 7.' }]);
    expect(plannedBy(edited)).toEqual(['configure: OLLAMA_NUM_PARALLEL becomes 4, was 7.']);
    await rm(join(dropIns, '50-modelctl.conf'));
    const taken = await run('plan');
    expect(taken.plan?.drift).toMatchObject([
      { because: 'OLLAMA_NUM_PARALLEL was 4 and is gone.' },
    ]);
    const io = createNodeIo();
    const options = { timeoutMs: 9000, signal: new AbortController().signal, outputBytesMax: 1000 };
    await io.processes.run('systemctl', ['daemon-reload'], options);
    await io.processes.run('systemctl', ['restart', 'tiny.service'], options);
    await until(() => environment().then(Boolean, () => false));
    expect(await environment()).not.toHaveProperty('OLLAMA_NUM_PARALLEL');
    expect((await run('plan')).plan?.actions.map(({ kind }) => kind)).toEqual([
      'configure',
      'restart',
    ]);
    expect((await run('apply')).exitCode).toBe(0);
    expect(await environment()).toMatchObject({ OLLAMA_NUM_PARALLEL: '4' });
  });

  test('is left alone where a file is not ours, or a link leads elsewhere', async () => {
    await declare('{ numParallel: 4 }');
    await mkdir(dropIns, { recursive: true });
    await writeFile(join(dropIns, '50-modelctl.conf'), '[Service]\n');
    const foreign = await run('apply');
    expect(foreign.plan?.held).toMatchObject([{ name: '*', because: 'conflict' }]);
    expect(dropIn()).toBe('[Service]\n');
    await rm(dropIns, { recursive: true });
    await mkdir(join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), dropIns);
    const linked = await run('apply');
    expect(linked.plan?.held).toMatchObject([{ name: '*', because: 'conflict' }]);
    expect(linked.exitCode).toBe(6);
  });

  test('runs one Backend, and not two', async () => {
    await declare('{ numParallel: 4 }');
    const first = readFileSync(manifest, 'utf8');
    const second = first
      .replace('name: tiny', 'name: twin')
      .replace(endpoint, 'http://127.0.0.1:1');
    await writeFile(manifest, `${first}---\n${second}`);
    const result = await run('plan');
    expect(result.problems).toMatchObject([
      { code: 'resolve/same-service', subject: 'Backend/twin', origin: { line: 16 } },
    ]);
  });

  test('that is not there is said to be missing', async () => {
    await declare('{ numParallel: 4 }', 'other');
    const result = await run('plan');
    expect(result.plan?.held).toMatchObject([
      { because: 'unsupported', detail: 'systemd knows no unit other.service.' },
    ]);
  });
});
