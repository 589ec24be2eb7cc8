// How far a store is with an image of several files, told as one number.
import { describe, expect, it } from 'vitest';
import { modelImage } from '../../../../src/artifacts/stores/oci/image.ts';
import { putImage } from '../../../../src/artifacts/stores/oci/write.ts';
import { createFakeIo } from '../../../fakes/io.ts';
import { model, storeOn } from './models.ts';

describe('the progress of an image', () => {
  it('covers all its files and never falls', async () => {
    const io = createFakeIo();
    const [first, second] = [model(io, 'first'), model(io, 'second')];
    const artifact = { ...first, files: [...first.files, ...second.files] };
    const totalBytes = 'first'.length + 'second'.length;
    const told: number[] = [];
    await putImage(storeOn(io), {
      name: 'both',
      image: modelImage(artifact, {}),
      load: {},
      replaces: null,
      obtain: async (digest, onBytes) => {
        const file = artifact.files.find((one) => one.digest === digest);
        for (let bytes = 1; bytes <= (file?.bytes ?? 0); bytes += 1) onBytes(bytes);
        return { path: `/models/${file?.path}`, isUnchanging: false };
      },
      onBytes: (bytes, total) => {
        expect(total).toBe(totalBytes);
        told.push(bytes);
      },
      signal: new AbortController().signal,
    });
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect([told[0], told.at(-1)]).toEqual([1, totalBytes]);
  });
});
