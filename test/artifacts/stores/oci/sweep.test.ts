import { describe, expect, test } from 'vitest';
import { modelImage } from '../../../../src/artifacts/stores/oci/image.ts';
import { readNames } from '../../../../src/artifacts/stores/oci/read.ts';
import { removeName } from '../../../../src/artifacts/stores/oci/write.ts';
import { digestHex } from '../../../../src/core/digest.ts';
import { sha256Text } from '../../../../src/core/hash.ts';
import { createFakeIo } from '../../../fakes/io.ts';
import { indexOf, model, put, stored, storeFolder, storeOn } from './models.ts';

const dayMs = 24 * 3_600_000;
const blob = (text: string): string => `blobs/sha256/${digestHex(sha256Text(text))}`;
const digestOf = (text: string, recipe = {}) =>
  modelImage(model(createFakeIo(), text), recipe).digest;

describe('removing a name', () => {
  test('removes what only it needs', async () => {
    const io = createFakeIo();
    await put(io, 'one', 'one');
    await put(io, 'two', 'two');
    const changed = await removeName(storeOn(io), 'one', digestOf('one'));
    expect(changed).toEqual({ kind: 'written', replaced: digestOf('one') });
    expect(stored(io)).not.toContain(blob('one'));
    expect(await readNames(storeOn(io))).toMatchObject([{ name: 'two', whole: true }]);
  });

  test('keeps what another name needs', async () => {
    const io = createFakeIo();
    await put(io, 'base', 'one');
    await put(io, 'derived', 'one', { recipe: { system: 'Be brief.' } });
    await removeName(storeOn(io), 'base', digestOf('one'));
    expect(await readNames(storeOn(io))).toMatchObject([{ name: 'derived', whole: true }]);
    await removeName(storeOn(io), 'derived', digestOf('one', { system: 'Be brief.' }));
    expect(stored(io).filter((path) => path.startsWith('blobs/'))).toEqual([]);
  });

  test('is done when the name is gone already', async () => {
    const io = createFakeIo();
    await put(io, 'one', 'one');
    await removeName(storeOn(io), 'one', digestOf('one'));
    expect(await removeName(storeOn(io), 'one', digestOf('one'))).toMatchObject({
      kind: 'unchanged',
    });
  });

  test('removes no blob while an entry cannot be followed', async () => {
    const io = createFakeIo();
    await put(io, 'one', 'one');
    const path = `${storeFolder}/index.json`;
    const index = indexOf(io);
    const foreign = { mediaType: 'application/x-unknown', digest: sha256Text('x'), size: 1 };
    io.files.put(path, JSON.stringify({ ...index, manifests: [...index.manifests, foreign] }));
    await removeName(storeOn(io), 'one', digestOf('one'));
    expect(stored(io)).toContain(blob('one'));
  });

  test('does not take blobs that a build beside it counts on', async () => {
    const io = createFakeIo();
    await put(io, 'one', 'one');
    const both = {
      ...model(io, 'one'),
      files: [...model(io, 'one').files, ...model(io, 'two').files],
    };
    const image = modelImage(both, {});
    const building = put(io, 'both', 'two', {
      image,
      obtain: async () => {
        await removeName(storeOn(io), 'one', digestOf('one'));
        return { path: '/models/two.gguf', isUnchanging: false };
      },
    });
    expect(await building).toMatchObject({ kind: 'written' });
    expect(await readNames(storeOn(io))).toMatchObject([{ name: 'both', whole: true }]);
  });
});

describe('what a run that was cut off left behind', () => {
  test('is swept a day later, and not before', async () => {
    const io = createFakeIo({ time: 'manual' });
    await put(io, 'one', 'one');
    const left = [
      blob('orphan'),
      `${blob('orphan')}.abc.partial`,
      'blobs/sha256/.modelctl-12-abc.tmp',
    ];
    for (const path of left) io.files.put(`${storeFolder}/${path}`, 'x');
    io.files.put(`${storeFolder}/blobs/sha256/notes.txt`, 'of someone else');
    await put(io, 'two', 'two');
    await removeName(storeOn(io), 'two', digestOf('two'));
    expect(stored(io)).toEqual(expect.arrayContaining(left));
    await io.clock.advance(dayMs + 1);
    await put(io, 'two', 'two');
    await removeName(storeOn(io), 'two', digestOf('two'));
    for (const path of left) expect(stored(io)).not.toContain(path);
    expect(stored(io)).toContain('blobs/sha256/notes.txt');
    expect(await readNames(storeOn(io))).toMatchObject([{ name: 'one', whole: true }]);
  });
});

describe('a crash after any single effect', () => {
  const crash = new Error('crash');
  const scenario = async (io: ReturnType<typeof createFakeIo>): Promise<void> => {
    const one = digestOf('one');
    const held = (await readNames(storeOn(io))).find(({ name }) => name === 'b');
    if (held?.digest !== digestOf('two')) {
      await put(io, 'a', 'one');
      await put(io, 'b', 'one');
      await put(io, 'b', 'two', { replaces: one });
    }
    await removeName(storeOn(io), 'a', one);
  };

  test('is made good by running again', async () => {
    const whole = createFakeIo();
    await scenario(whole);
    const effects = whole.effects.done.length;
    expect(effects).toBeGreaterThan(10);
    for (let at = 1; at <= effects; at += 1) {
      const io = createFakeIo();
      let left = at;
      io.effects.watch(() => {
        left -= 1;
        if (left === 0) throw crash;
      });
      await scenario(io).catch((error: unknown) => {
        if (error !== crash) throw error;
      });
      io.effects.watch(null);
      expect((await readNames(storeOn(io))).every((one) => one.whole)).toBe(true);
      await scenario(io);
      const kept = stored(io).filter((path) => !/\.partial$|\.tmp$/.test(path));
      expect(kept, `crash after effect ${at}`).toEqual(stored(whole));
      for (const path of kept) {
        expect(io.files.text(`${storeFolder}/${path}`)).toBe(
          whole.files.text(`${storeFolder}/${path}`),
        );
      }
    }
  });
});
