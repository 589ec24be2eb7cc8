// Our tar beside that of others: theirs reads what we write, and we read what they make of it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tarEntries } from '../../../src/artifacts/bundle/tar-entries.ts';
import { headerOf, paddingOf } from '../../../src/artifacts/bundle/tar-header.ts';
import type { Files } from '../../../src/io/io.ts';
import {
  bundleTo,
  contentOf,
  createOrigin,
  createSite,
  leftBy,
  restoreFrom,
  type Site,
} from '../../bundle-site.ts';

const hasTar = String(spawnSync('tar', ['--version']).stdout).includes('GNU tar');

/** Where tests run for good, what is missing is a failure. */
const isExpected = hasTar || process.env['CI'] !== undefined;

describe.runIf(isExpected)('GNU tar', () => {
  let origin: Site;
  let target: Site;
  const at = (name: string): string => join(origin.folder, name);

  beforeEach(async () => {
    origin = await createOrigin();
    target = createSite();
    for (const name of ['set', 'set.tar']) await bundleTo(origin, at(name));
  });

  afterEach(() => {
    origin.remove();
    target.remove();
  });

  const tar = (...given: readonly string[]): void => {
    const ended = spawnSync('tar', given, { encoding: 'utf8' });
    expect([ended.status, ended.stderr]).toEqual([0, '']);
  };

  it('unpacks what we packed to the folder that we write', () => {
    mkdirSync(at('unpacked'));
    tar('-xf', at('set.tar'), '-C', at('unpacked'));
    expect(contentOf(at('unpacked'))).toEqual(contentOf(at('set')));
  });

  it.each(['gnu', 'ustar', 'pax'])(
    'packs a folder in its form %s, which restores the same',
    async (form) => {
      tar(`--format=${form}`, '-cf', at('theirs.tar'), '-C', at('set'), '.');
      await restoreFrom(target, at('set'));
      const other = createSite();
      const restored = await restoreFrom(other, at('theirs.tar'));
      expect([restored.exitCode, restored.problems]).toEqual([0, []]);
      expect(leftBy(other)).toEqual(leftBy(target));
      other.remove();
    },
  );

  it('reads the size of a file that no ustar header can hold', () => {
    const bytes = 9 * 1024 ** 3;
    writeFileSync(at('large.tar'), headerOf('blobs/sha256/large', bytes));
    // The bytes themselves are not there, which it says after it has shown the header.
    const listed = spawnSync('tar', ['-tvf', at('large.tar')], { encoding: 'utf8' });
    expect(listed.stdout).toContain(`${bytes} 1970-01-01`);
    rmSync(at('large.tar'));
    expect(readFileSync(at('set.tar')).length % 512).toBe(0);
  });
});

describe('an archive with a file of more than 8 GiB', () => {
  const name = `blobs/sha256/${'a'.repeat(64)}`;
  const bytes = 20 * 1024 ** 3 + 5;
  const gnu = (): Buffer => {
    const header = Buffer.from(headerOf(name, 0));
    header.fill(0, 124, 136);
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(bytes), 128);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return header;
  };

  it.each([
    ['as we write it', Buffer.from(headerOf(name, bytes))],
    ['as GNU tar writes it', gnu()],
  ])('is read, its content passed over (%s)', async (_, header) => {
    const whole = header.length + bytes + paddingOf(bytes) + 1024;
    // Its content is never asked for.
    const readStream: Files['readStream'] = async function* (_path, range) {
      const { start = 0, end = whole - 1 } = range ?? {};
      yield Buffer.concat([
        header.subarray(start, end + 1),
        Buffer.alloc(end + 1 - start),
      ]).subarray(0, end + 1 - start);
    };
    const io = { files: { readStream } as unknown as Files };
    const options = { bytes: whole, signal: AbortSignal.timeout(5000) };
    const entries = await tarEntries(io, '/large.tar', options);
    expect([...entries]).toEqual([[name, { start: header.length, bytes }]]);
  });
});
