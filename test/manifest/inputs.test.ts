// Which files an input leads to, and what happens to those that are not ours or cannot be read.
import { mkdir, mkdtemp, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Checked } from '../../src/core/problem.ts';
import type { Manifests } from '../../src/core/resource.ts';
import { createNodeIo } from '../../src/io/node.ts';
import type { LoadIo } from '../../src/manifest/inputs.ts';
import { load } from '../../src/manifest/load.ts';
import { neverAborted, stdinIo } from './load-text.ts';

let root = '';

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'modelctl-load-')));
});
afterEach(() => rm(root, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

const modelText = (name: string): string =>
  `apiVersion: modelctl.dev/v1alpha1
kind: Model
metadata: {name: ${name}}
spec: {source: "qwen3:8b"}
`;

function here(changes: Partial<LoadIo['files']> = {}, stdin = ''): LoadIo {
  const io = stdinIo(stdin);
  return {
    files: { ...io.files, ...changes },
    environment: { ...createNodeIo().environment, workingFolder: root },
  };
}

const loadHere = (...inputs: readonly string[]): Promise<Checked<Manifests>> =>
  load(inputs, here(), neverAborted);

const namesOf = (loaded: Checked<Manifests>): readonly string[] =>
  loaded.ok ? loaded.value.resources.map(({ metadata }) => metadata.name) : ['refused'];

/** `code file` for each problem, the file as seen from the working folder. */
const said = ({ problems }: Checked<Manifests>): readonly string[] =>
  problems.map(({ code, severity, origin }) =>
    [severity, code, ...(origin === undefined ? [] : [relative(root, origin.file)])].join(' '),
  );

test('reads one file, by a relative or an absolute path', async () => {
  await write({ 'models.yaml': modelText('a') });
  for (const input of ['models.yaml', './models.yaml', join(root, 'models.yaml')]) {
    const loaded = await loadHere(input);
    expect(namesOf(loaded)).toEqual(['a']);
    expect(loaded.ok && loaded.value).toMatchObject({
      files: [join(root, 'models.yaml')],
      folder: root,
      complete: true,
    });
  }
});

test('reads several files in the order of their paths, whatever the order they are named in', async () => {
  await write({ 'a.yaml': modelText('a'), 'deep/er/b.yaml': modelText('b') });
  for (const inputs of [
    ['a.yaml', 'deep/er/b.yaml'],
    ['deep/er/b.yaml', 'a.yaml'],
  ]) {
    const loaded = await loadHere(...inputs);
    expect(namesOf(loaded)).toEqual(['a', 'b']);
    expect(loaded.ok && loaded.value.folder).toBe(root);
  }
  const nested = await loadHere('deep/er/b.yaml');
  expect(nested.ok && nested.value.folder).toBe(join(root, 'deep/er'));
});

test('reads a file once when several inputs lead to it', async () => {
  await write({ 'sub/a.yaml': modelText('a') });
  await symlink(join(root, 'sub/a.yaml'), join(root, 'link.yaml'));
  expect(namesOf(await loadHere('sub', 'sub/a.yaml', './sub/', 'sub/*.yaml', 'link.yaml'))).toEqual(
    ['a'],
  );
});

test('reads a folder with all below it but what is not meant', async () => {
  await write({
    'set/a.yaml': modelText('a'),
    'set/b.yml': modelText('b'),
    'set/sub/c.json': JSON.stringify({
      apiVersion: 'modelctl.dev/v1alpha1',
      kind: 'Model',
      metadata: { name: 'c' },
      spec: { source: 'qwen3:8b' },
    }),
    'set/README.md': 'not: yaml: at all',
    'set/.hidden.yaml': modelText('hidden'),
    'set/.git/config.yaml': 'a: b: c',
    'set/node_modules/x/y.yaml': 'a: b: c',
    'set/models.lock.yaml': 'apiVersion: modelctl.dev/v1alpha1\nkind: Lock\n',
  });
  const loaded = await loadHere('set');
  expect(namesOf(loaded)).toEqual(['a', 'b', 'c']);
  expect(loaded.problems).toEqual([]);
  expect(loaded.ok && loaded.value.folder).toBe(join(root, 'set'));
});

test('reads what a pattern matches, folders included', async () => {
  await write({
    'team-a/a.yaml': modelText('a'),
    'team-b/b.yaml': modelText('b'),
    'team-b/models.lock.yaml': 'kind: Lock',
    'other/c.yaml': modelText('c'),
  });
  expect(namesOf(await loadHere('team-*/*.yaml'))).toEqual(['a', 'b']);
  expect(namesOf(await loadHere('team-*'))).toEqual(['a', 'b']);
  expect(namesOf(await loadHere('**/[ac].yaml'))).toEqual(['c', 'a']);
});

test('reads standard input, which is never the whole of a set', async () => {
  const loaded = await load(
    ['-'],
    here({}, `${modelText('a')}---\n${modelText('b')}`),
    neverAborted,
  );
  expect(namesOf(loaded)).toEqual(['a', 'b']);
  expect(loaded.ok && loaded.value).toMatchObject({ files: ['-'], folder: root, complete: false });
});

test('prefers a file to a pattern of the same text', async () => {
  await write({ 'a[1].yaml': modelText('literal'), 'a1.yaml': modelText('matched') });
  expect(namesOf(await loadHere('a[1].yaml'))).toEqual(['literal']);
});

test('never takes an input that leads nowhere for an empty set', async () => {
  await write({ 'models.yaml': modelText('a'), 'empty/README.md': '' });
  expect(said(await loadHere('model.yaml'))).toEqual(['error manifest/not-found model.yaml']);
  expect((await loadHere('model.yaml')).problems[0]?.detail).toContain('Did you mean models.yaml?');
  expect(said(await loadHere('models.yaml', '*.yml'))).toEqual(['error manifest/no-match']);
  expect(said(await loadHere('models.yaml', 'empty'))).toEqual(['error manifest/no-match empty']);
  expect(said(await loadHere())).toEqual(['error manifest/empty']);
});

test('calls a file that declares nothing an error where it is named, else a warning', async () => {
  await write({ 'set/a.yaml': modelText('a'), 'set/b.yaml': '# later\n' });
  const loaded = await loadHere('set');
  expect(namesOf(loaded)).toEqual(['a']);
  expect(said(loaded)).toEqual(['warning manifest/empty set/b.yaml']);
  expect(said(await loadHere('set/a.yaml', 'set/b.yaml'))).toEqual([
    'error manifest/empty set/b.yaml',
  ]);
});

test('leaves documents of other tools alone in a folder, and only there', async () => {
  await write({
    'set/a.yaml': `${modelText('a')}---\napiVersion: apps/v1\nkind: Deployment\n`,
    'set/compose.yaml': 'services: {web: {image: nginx}}\n',
    'set/list.json': '[1, 2]',
    'set/old-lock.yaml': 'apiVersion: modelctl.dev/v1alpha1\nkind: Lock\n',
  });
  const loaded = await loadHere('set');
  expect(namesOf(loaded)).toEqual(['a']);
  expect(said(loaded)).toEqual([
    'warning manifest/ignored set/compose.yaml',
    'warning manifest/ignored set/list.json',
  ]);
  expect(said(await loadHere('set/a.yaml'))).toEqual([
    'error manifest/wrong-api-version set/a.yaml',
  ]);
  expect(said(await loadHere('set/compose.yaml'))).toEqual([
    'error manifest/missing-field set/compose.yaml',
  ]);
  expect(said(await loadHere('set/old-lock.yaml'))).toEqual([
    'error manifest/unknown-kind set/old-lock.yaml',
  ]);
});

test('refuses a folder of nothing but other tools', async () => {
  await write({ 'set/a.yaml': 'apiVersion: v1\nkind: Service\n' });
  expect(said(await loadHere('set'))).toEqual(['error manifest/empty']);
});

test.each([
  'modelctl.dev/v1',
  'modelctl.dev/v1beta1',
  'modelctl.dev',
  'modelctl.io/v1alpha1',
  'modelclt.dev/v1alpha1',
  'ModelCtl.dev/v1alpha1',
  'v1alpha1',
  '1',
])('takes the apiVersion %s in a folder for a mistake, not for another tool', async (version) => {
  await write({
    'set/a.yaml': modelText('a'),
    'set/b.yaml': `apiVersion: ${version}\nkind: Model\n`,
  });
  expect(said(await loadHere('set'))).toEqual(['error manifest/wrong-api-version set/b.yaml']);
});

test('takes a Model without apiVersion in a folder for a mistake', async () => {
  await write({ 'set/a.yaml': modelText('a'), 'set/b.yaml': 'kind: Model\nspec: {}\n' });
  expect(said(await loadHere('set'))).toEqual(['error manifest/missing-field set/b.yaml']);
});

test('follows links inside a folder and refuses those that lead out of it', async () => {
  await write({ 'set/real/a.yaml': modelText('a'), 'outside/b.yaml': modelText('b') });
  await symlink('real', join(root, 'set/linked'));
  await symlink('..', join(root, 'set/real/loop'));
  expect(namesOf(await loadHere('set'))).toEqual(['a']);
  await symlink('../outside', join(root, 'set/folder-out'));
  await symlink('../outside/b.yaml', join(root, 'set/file-out.yaml'));
  expect(said(await loadHere('set'))).toEqual([
    'error manifest/link-outside set/file-out.yaml',
    'error manifest/link-outside set/folder-out',
  ]);
});

test('follows a link that the user named, wherever it leads', async () => {
  await write({ 'outside/b.yaml': modelText('b') });
  await symlink('outside', join(root, 'set'));
  await symlink('outside/b.yaml', join(root, 'b.yaml'));
  expect(namesOf(await loadHere('set'))).toEqual(['b']);
  expect(namesOf(await loadHere('b.yaml'))).toEqual(['b']);
});

test('says so when a link leads nowhere or to itself', async () => {
  await write({ 'set/a.yaml': modelText('a') });
  await symlink('gone.yaml', join(root, 'set/broken.yaml'));
  expect(said(await loadHere('set'))).toEqual(['error manifest/unreadable set/broken.yaml']);
  await symlink('self.yaml', join(root, 'self.yaml'));
  const loaded = await loadHere('self.yaml');
  expect(said(loaded)).toEqual(['error manifest/unreadable self.yaml']);
  expect(loaded.problems[0]?.detail).toContain('leads to itself');
});

test('says so when a file is gone between listing and reading, and that trying again may help', async () => {
  await write({ 'set/a.yaml': modelText('a'), 'set/b.yaml': modelText('b') });
  const { files } = here();
  const vanishing = here({
    readBytes: async (path, bytesMax) => {
      if (path.endsWith('b.yaml')) await rm(path);
      return files.readBytes(path, bytesMax);
    },
  });
  const loaded = await load(['set'], vanishing, neverAborted);
  expect(said(loaded)).toEqual(['error manifest/unreadable set/b.yaml']);
  expect(loaded.problems[0]?.retry).toBe('later');
});

test('says so when a folder or a file may not be read', async () => {
  await write({ 'set/a.yaml': modelText('a'), 'set/private/b.yaml': modelText('b') });
  const { files } = here();
  const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' });
  const strict = here({
    list: (path) => (path.endsWith('private') ? Promise.reject(denied) : files.list(path)),
    readBytes: () => Promise.reject(denied),
  });
  expect(said(await load(['set'], strict, neverAborted))).toEqual([
    'error manifest/unreadable set/private',
    'error manifest/unreadable set/a.yaml',
  ]);
});

test('refuses a file of 100 MB before it is read', async () => {
  await write({ 'big.yaml': '' });
  await truncate(join(root, 'big.yaml'), 100 * 1024 * 1024);
  const memoryBefore = process.memoryUsage().rss;
  expect(said(await loadHere('big.yaml'))).toEqual(['error manifest/too-large big.yaml']);
  expect(process.memoryUsage().rss - memoryBefore).toBeLessThan(50e6);
});

test('collects the problems of all inputs in one go', async () => {
  await write({ 'a.yaml': modelText('Bad Name'), 'b.yaml': 'a: b: c\n', 'c.yaml': modelText('c') });
  expect(said(await loadHere('a.yaml', 'b.yaml', 'c.yaml', 'd.yaml'))).toEqual([
    'error manifest/not-found d.yaml',
    'error manifest/wrong-form a.yaml',
    'error manifest/syntax b.yaml',
  ]);
});

test('names both files of a duplicate', async () => {
  await write({ 'a.yaml': modelText('same'), 'b.yaml': modelText('same') });
  const loaded = await loadHere('a.yaml', 'b.yaml');
  expect(said(loaded)).toEqual(['error manifest/duplicate-object b.yaml']);
  expect(loaded.problems[0]?.detail).toContain(`in ${join(root, 'a.yaml')}:1.`);
});

test('names the one match of a pattern that cannot be read', async () => {
  await write({ 'a.yaml': modelText('a') });
  await symlink('b.yaml', join(root, 'b.yaml'));
  await symlink('nowhere', join(root, 'c.yaml'));
  expect(said(await loadHere('*.yaml'))).toEqual([
    'error manifest/unreadable b.yaml',
    'error manifest/unreadable c.yaml',
  ]);
});

test('calls standard input by its name', async () => {
  await write({ 'a.yaml': modelText('same') });
  const loaded = await load(['-', 'a.yaml'], here({}, modelText('same')), neverAborted);
  expect(loaded.problems[0]?.detail).toContain('in stdin:1.');
});

test('stops waiting for standard input when it is told to', async () => {
  const controller = new AbortController();
  const silent = here({ readStdin: () => Promise.withResolvers<Uint8Array>().promise });
  const loading = load(['-'], silent, controller.signal);
  controller.abort(new Error('interrupted'));
  await expect(loading).rejects.toThrow('interrupted');
});

test('stops when it is told to', async () => {
  await write({ 'a.yaml': modelText('a') });
  const stop = AbortSignal.abort(new Error('interrupted'));
  await expect(load(['a.yaml'], here(), stop)).rejects.toThrow('interrupted');
});
