// Several who want something of the same transfer: each other's bytes, or its end.
import { describe, expect, it } from 'vitest';
import type { createRegistry } from '../../fakes/registry-server.ts';
import { matching, problemFrom } from '../world.ts';
import { content, digest, hex, setUp, webArtifact } from './transfer-world.ts';

describe('several at once', () => {
  it('fetch the same digest once, and all see how far it is', async () => {
    const { transfer, registry, world } = setUp();
    const artifact = webArtifact();
    const seen = [0, 0, 0];
    const results = await Promise.all(
      seen.map((_, index) =>
        transfer.obtain(artifact, artifact.files[0]!, {
          signal: world.signal,
          onBytes: (bytes) => (seen[index] = bytes),
        }),
      ),
    );
    expect(registry.requests).toHaveLength(1);
    expect(results.map((result) => result.downloadedBytes)).toEqual([content.length, 0, 0]);
    expect(seen).toEqual([content.length, content.length, content.length]);
  });

  it('fetch different digests beside each other', async () => {
    const { obtain, registry } = setUp();
    const other = Buffer.from('other');
    registry.files.set('y.gguf', other);
    const [first, second] = await Promise.all([obtain(), obtain(webArtifact(other, 'y.gguf'))]);
    expect([first?.downloadedBytes, second?.downloadedBytes]).toEqual([
      content.length,
      other.length,
    ]);
  });

  it('fail together and may try again', async () => {
    const { obtain, registry } = setUp();
    registry.add({ on: /x\.gguf/, status: 404 });
    const problems = await Promise.all([problemFrom(obtain()), problemFrom(obtain())]);
    expect(problems.map(({ code }) => code)).toEqual(['source/not-found', 'source/not-found']);
    expect((await obtain()).downloadedBytes).toBe(content.length);
  });
});

describe('an abort', () => {
  const paused = (registry: ReturnType<typeof createRegistry>) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    registry.add({ on: /x\.gguf/, pauseAfterBytes: 50_000, pauseUntil: promise });
    return resolve;
  };

  it('keeps what has arrived', async () => {
    const { obtain, registry, progress, staged } = setUp();
    paused(registry);
    const controller = new AbortController();
    const work = obtain(webArtifact(), controller.signal);
    await expect.poll(() => progress.at(-1)).toBe(50_000);
    controller.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    expect(staged()).toContain('HEX.partial');
    expect((await obtain()).downloadedBytes).toBe(content.length - 50_000);
  });

  it('of one leaves the others theirs', async () => {
    const { obtain, registry, progress } = setUp();
    const go = paused(registry);
    const controller = new AbortController();
    const leaving = obtain(webArtifact(), controller.signal);
    const staying = obtain();
    await expect.poll(() => progress.at(-1)).toBe(50_000);
    controller.abort(new Error('enough'));
    await expect(leaving).rejects.toThrow('enough');
    go();
    expect((await staying).path).toContain(hex);
    expect(registry.requests).toHaveLength(1);
  });

  it('beforehand asks for nothing', async () => {
    const { obtain, registry } = setUp();
    await expect(obtain(webArtifact(), AbortSignal.abort(new Error('enough')))).rejects.toThrow(
      'enough',
    );
    expect(registry.requests).toEqual([]);
  });

  it('and a new wish at the same moment do not write to one file at a time', async () => {
    const { obtain, registry, progress } = setUp();
    paused(registry);
    const controller = new AbortController();
    const leaving = obtain(webArtifact(), controller.signal);
    await expect.poll(() => progress.at(-1)).toBe(50_000);
    controller.abort(new Error('enough'));
    const again = obtain();
    await expect(leaving).rejects.toThrow('enough');
    expect((await again).downloadedBytes).toBe(content.length - 50_000);
  });
});

describe('what a person asks for meanwhile', () => {
  it.each([
    ['stop', 'kept', ['HEX.partial']],
    ['drop', 'removed', []],
  ] as const)('ends it: %s', async (wish, said, left) => {
    const { obtain, registry, journal, staged } = setUp();
    registry.add({ on: /x\.gguf/, pieceBytes: 20_000, pieceDelayMs: 300 });
    const work = problemFrom(obtain());
    await expect.poll(() => journal.transfers.size).toBe(1);
    journal.wishes.set(digest, wish);
    expect(await work).toMatchObject({
      code: 'transfer/cancelled',
      retry: 'never',
      detail: matching(said),
    });
    expect(staged()).toEqual(left);
    expect(journal.transfers.size).toBe(left.length);
  });
});
