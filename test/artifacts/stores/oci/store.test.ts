import { describe, expect, test } from 'vitest';
import { modelImage } from '../../../../src/artifacts/stores/oci/image.ts';
import { findName, readNames } from '../../../../src/artifacts/stores/oci/read.ts';
import { putAlias, removeName } from '../../../../src/artifacts/stores/oci/write.ts';
import { digestHex } from '../../../../src/core/digest.ts';
import { sha256Text } from '../../../../src/core/hash.ts';
import { ProblemError } from '../../../../src/core/problem.ts';
import { createFakeIo } from '../../../fakes/io.ts';
import { indexOf, model, put, stored, storeFolder, storeOn } from './models.ts';

const blob = (text: string): string => `blobs/sha256/${digestHex(sha256Text(text))}`;
const imageOf = (text: string) => modelImage(model(createFakeIo(), text), {});

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof ProblemError ? error.problem.code : String(error);
};

describe('a store', () => {
  test('that does not exist yet is empty', async () => {
    expect(await readNames(storeOn(createFakeIo()))).toEqual([]);
  });

  test('holds a model as an OCI image layout', async () => {
    const io = createFakeIo();
    expect(await put(io, 'starter', 'one')).toEqual({ kind: 'written', replaced: null });
    const { digest, manifest, config } = imageOf('one');
    expect(stored(io)).toEqual(
      [
        `blobs/sha256/${digestHex(digest)}`,
        `blobs/sha256/${digestHex(config.digest)}`,
        blob('one'),
        'index.json',
        'oci-layout',
      ].toSorted(),
    );
    expect(io.files.text(`${storeFolder}/oci-layout`)).toBe('{"imageLayoutVersion":"1.0.0"}\n');
    expect(JSON.parse(io.files.text(`${storeFolder}/index.json`) ?? '')).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest,
          size: manifest.length,
          annotations: { 'org.opencontainers.image.ref.name': 'starter' },
        },
      ],
    });
  });

  test('does not write again what is there', async () => {
    const io = createFakeIo();
    await put(io, 'starter', 'one');
    const before = io.effects.done.length;
    expect(await put(io, 'starter', 'one')).toEqual({ kind: 'unchanged', replaced: null });
    expect(io.effects.done.length).toBe(before);
  });

  test('shares the bytes of two names and copies none twice', async () => {
    const io = createFakeIo();
    await put(io, 'starter', 'one');
    await put(io, 'other', 'one', { recipe: { system: 'Be brief.' } });
    expect(io.effects.done.filter(({ kind }) => kind === 'clone')).toHaveLength(1);
    expect((await readNames(storeOn(io))).map(({ name }) => name)).toEqual(['other', 'starter']);
  });

  test('keeps beside a name what a client is to load it with', async () => {
    const io = createFakeIo();
    await put(io, 'starter', 'one', { load: { threads: 2, keepAliveMs: 'forever' } });
    const image = imageOf('one');
    const changed = await put(io, 'starter', 'one', {
      load: { threads: 3 },
      replaces: image.digest,
    });
    expect(changed).toEqual({ kind: 'written', replaced: null });
    expect(await findName(storeOn(io), 'starter')).toMatchObject({
      digest: image.digest,
      load: { threads: 3 },
    });
    expect(io.effects.done.filter(({ kind }) => kind === 'clone')).toHaveLength(1);
  });

  test('drops what a replaced model had for itself', async () => {
    const io = createFakeIo();
    await put(io, 'starter', 'one');
    const replaces = imageOf('one').digest;
    expect(await put(io, 'starter', 'two', { replaces })).toEqual({
      kind: 'written',
      replaced: replaces,
    });
    expect(stored(io)).not.toContain(blob('one'));
    expect(stored(io)).toContain(blob('two'));
  });

  test('leaves a name alone that holds something else than expected', async () => {
    const io = createFakeIo();
    await put(io, 'starter', 'one');
    const { digest } = imageOf('one');
    expect(await put(io, 'starter', 'two')).toEqual({ kind: 'other', digest });
    expect(await removeName(storeOn(io), 'starter', sha256Text('else'))).toEqual({
      kind: 'other',
      digest,
    });
    expect(stored(io)).not.toContain(blob('two'));
  });

  test('takes bytes for a blob only when they are the right ones', async () => {
    const io = createFakeIo();
    io.files.put('/models/wrong.gguf', 'two');
    const wrong = put(io, 'starter', 'one', {
      obtain: async () => ({ path: '/models/wrong.gguf', isUnchanging: false }),
    });
    expect(await codeOf(wrong)).toBe('store/digest-mismatch');
    expect(await readNames(storeOn(io))).toEqual([]);
    expect(stored(io).filter((path) => path.startsWith('blobs/'))).toEqual([]);
  });

  test('tells a name with a missing blob from a whole one, and completes it', async () => {
    const io = createFakeIo();
    await put(io, 'starter', 'one');
    await io.files.remove(`${storeFolder}/${blob('one')}`);
    expect(await findName(storeOn(io), 'starter')).toMatchObject({ whole: false });
    await put(io, 'starter', 'one');
    expect(await findName(storeOn(io), 'starter')).toMatchObject({ whole: true });
  });

  test('replaces a blob of the wrong size', async () => {
    const io = createFakeIo();
    await put(io, 'starter', 'one');
    io.files.put(`${storeFolder}/${blob('one')}`, 'on');
    await put(io, 'starter', 'one');
    expect(io.files.text(`${storeFolder}/${blob('one')}`)).toBe('one');
  });

  test('points an alias at the same manifest', async () => {
    const io = createFakeIo();
    await put(io, 'starter', 'one');
    const { digest } = imageOf('one');
    const alias = { name: 'gpt', digest, load: { threads: 1 }, replaces: null };
    expect(await putAlias(storeOn(io), alias)).toEqual({ kind: 'written', replaced: null });
    expect(await putAlias(storeOn(io), alias)).toEqual({ kind: 'unchanged', replaced: null });
    await removeName(storeOn(io), 'starter', digest);
    expect(await findName(storeOn(io), 'gpt')).toMatchObject({
      digest,
      whole: true,
      load: { threads: 1 },
    });
  });
});

describe('a store that cannot be read', () => {
  test.each([
    ['torn', '{"schemaVersion":2,"manif'],
    ['empty', ''],
    ['of another kind', '{"schemaVersion":1}'],
    ['full of nonsense', '{"schemaVersion":2,"manifests":[{"digest":"md5:1"}]}'],
  ])('because its index is %s is a problem, never empty', async (_, text) => {
    const io = createFakeIo();
    await put(io, 'starter', 'one');
    io.files.put(`${storeFolder}/index.json`, text);
    const before = io.effects.done.length;
    expect(await codeOf(readNames(storeOn(io)))).toBe('store/unreadable');
    expect(await codeOf(put(io, 'other', 'two'))).toBe('store/unreadable');
    expect(io.effects.done.length).toBe(before);
  });

  test('because its index is gone is a problem, never empty', async () => {
    const io = createFakeIo();
    await put(io, 'starter', 'one');
    await io.files.remove(`${storeFolder}/index.json`);
    expect(await codeOf(readNames(storeOn(io)))).toBe('store/unreadable');
  });
});

describe('entries of other tools', () => {
  test('stay as they are, field by field', async () => {
    const io = createFakeIo();
    await put(io, 'starter', 'one');
    const index = indexOf(io);
    const foreign = { ...index.manifests[0], platform: { os: 'linux' }, annotations: { a: 'b' } };
    const path = `${storeFolder}/index.json`;
    io.files.put(
      path,
      JSON.stringify({ ...index, extra: 1, manifests: [foreign, ...index.manifests] }),
    );
    await put(io, 'other', 'two');
    const after = indexOf(io);
    expect(after['extra']).toBe(1);
    expect(after.manifests[0]).toEqual(foreign);
    await removeName(storeOn(io), 'starter', imageOf('one').digest);
    expect(stored(io)).toContain(blob('one'));
  });
});
