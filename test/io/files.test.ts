import { execFile } from 'node:child_process';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import type { Files } from '../../src/io/io.ts';
import { createNodeFiles } from '../../src/io/node/files.ts';
import { createNodeRandom } from '../../src/io/node/random.ts';
import { createFakeIo } from '../fakes/io.ts';
import { describeFiles } from './files-contract.ts';

const run = promisify(execFile);
const nodeIo = new URL('../../src/io/node.ts', import.meta.url).href;
const folders: string[] = [];

async function emptyFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'modelctl-files-')));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

const nodeFiles = (): Files => createNodeFiles(createNodeRandom());

describeFiles('files on disk', async () => ({ files: nodeFiles(), folder: await emptyFolder() }));

describeFiles('files in memory', async () => {
  const { files } = createFakeIo();
  await files.makeFolder('/world');
  return { files, folder: '/world' };
});

describe('links and permissions on disk', () => {
  it('follows links, and lists them as what they lead to', async () => {
    const folder = await emptyFolder();
    const files = nodeFiles();
    await files.writeAtomic(join(folder, 'target'), 'content');
    await symlink('target', join(folder, 'link'));
    await symlink('nowhere', join(folder, 'dangling'));
    await symlink(folder, join(folder, 'loop'));
    await symlink('itself', join(folder, 'itself'));
    expect(await files.list(folder)).toEqual([
      { name: 'dangling', kind: 'other' },
      { name: 'itself', kind: 'other' },
      { name: 'link', kind: 'file' },
      { name: 'loop', kind: 'folder' },
      { name: 'target', kind: 'file' },
    ]);
    expect(await files.stat(join(folder, 'link'))).toMatchObject({ kind: 'file', bytes: 7 });
    expect(await files.stat(join(folder, 'dangling'))).toBeNull();
    expect(await files.realPath(join(folder, 'link'))).toBe(join(folder, 'target'));
  });

  it('reads a pipe to its end, and one that nobody writes to blocks nothing', async () => {
    const path = join(await emptyFolder(), 'pipe');
    await run('mkfifo', [path]);
    const content = nodeFiles().readBytes(path, 100);
    await writeFile(path, 'through the pipe');
    expect(String(await content)).toBe('through the pipe');

    const program = `import { createNodeIo } from ${JSON.stringify(nodeIo)};
      const read = createNodeIo().files.readBytes(${JSON.stringify(path)}, 100);
      setTimeout(() => process.exit(7), 100);
      await read;`;
    const ended = run(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 10_000,
    });
    await expect(ended).rejects.toMatchObject({ code: 7 });
  });

  it('writes through a link and leaves the link', async () => {
    const folder = await emptyFolder();
    const files = nodeFiles();
    await mkdir(join(folder, 'real'));
    await writeFile(join(folder, 'real', 'lock'), 'old');
    await symlink('real/lock', join(folder, 'lock'));
    await files.writeAtomic(join(folder, 'lock'), 'new');
    expect(await readlink(join(folder, 'lock'))).toBe('real/lock');
    expect(String(await files.readBytes(join(folder, 'real', 'lock'), 100))).toBe('new');
    expect(await readdir(join(folder, 'real'))).toEqual(['lock']);
  });

  it('keeps the permissions of a file that it replaces', async () => {
    const path = join(await emptyFolder(), 'private');
    await writeFile(path, 'old');
    await chmod(path, 0o640);
    await nodeFiles().writeAtomic(path, 'new');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    await nodeFiles().writeAtomic(path, 'newer', { mode: 0o600 });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('gives a file the owner of a folder and the permissions asked for', async () => {
    const folder = await emptyFolder();
    const path = join(folder, 'made');
    const files = nodeFiles();
    await files.writeAtomic(path, 'x', { mode: 0o600 });
    // Only root gives away: for everyone else the owner is the same before and after.
    if (process.geteuid?.() === 0) await chown(folder, 12_345, 12_346);
    await files.giveLike(path, 0o644, folder);
    const [made, like] = [await stat(path), await stat(folder)];
    expect([made.mode & 0o777, made.uid, made.gid]).toEqual([0o644, like.uid, like.gid]);
  });

  it('does not write where a file could not be given to the owner of the folder', async () => {
    // What belongs to root is open to nobody else, and to root everything is.
    const isRoot = process.geteuid?.() === 0;
    expect(await nodeFiles().accessTo('/usr')).toBe(isRoot ? 'write' : 'read');
  });

  it('sees that another file system is another', async () => {
    if (process.platform !== 'linux') return;
    const folder = await emptyFolder();
    expect(await nodeFiles().onSameDisk(folder, '/proc/self')).toBe(false);
  });

  it('leaves no temporary file behind when a write fails', async () => {
    const folder = await emptyFolder();
    await mkdir(join(folder, 'taken'));
    await expect(nodeFiles().writeAtomic(join(folder, 'taken'), 'x')).rejects.toThrow(/^E/);
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it('reads a file without a size of its own within the limit', async () => {
    if (process.platform !== 'linux') return;
    const status = await nodeFiles().readBytes('/proc/self/status', 1_000_000);
    expect(String(status)).toContain('Pid:');
    await expect(nodeFiles().readBytes('/proc/self/status', 10)).rejects.toMatchObject({
      code: 'ERR_FS_FILE_TOO_LARGE',
    });
    await expect(nodeFiles().readBytes('/dev/zero', 1_000_000)).rejects.toMatchObject({
      code: 'ERR_FS_FILE_TOO_LARGE',
    });
  });
});
