// What a killed run leaves of a file that it was making is noted, so that the next one removes it.
import { describe, expect, it } from 'vitest';
import { drafting } from '../../../src/artifacts/stores/draft.ts';
import { putFile } from '../../../src/artifacts/stores/oci/blobs.ts';
import { sha256Text } from '../../../src/core/hash.ts';
import { createFakeDrafts } from '../../fakes/drafts.ts';
import { createFakeIo } from '../../fakes/io.ts';
import { createLife } from '../../sim/life.ts';

const draft = '/store/one.partial';

function setUp() {
  const drafts = createFakeDrafts();
  const io = { ...createFakeIo(), drafts };
  return { io, drafts };
}

describe('a file that is being made', () => {
  it('is noted before it is there, and no more once it has its name', async () => {
    const { io, drafts } = setUp();
    const made = await drafting(io, draft, async () => {
      expect(drafts.all()).toEqual([draft]);
      await io.files.writeAtomic(draft, 'content');
      await io.files.rename(draft, '/store/one');
      return 'made';
    });
    expect(made).toBe('made');
    expect(drafts.all()).toEqual([]);
  });

  it('is removed when it comes to nothing', async () => {
    const { io, drafts } = setUp();
    const failing = drafting(io, draft, async () => {
      await io.files.writeAtomic(draft, 'content');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await io.files.stat(draft)).toBeNull();
    expect(drafts.all()).toEqual([]);
  });

  it('stays noted when it cannot be removed, and what failed first is told', async () => {
    const { io, drafts } = setUp();
    const failing = drafting(io, draft, async () => {
      await io.files.makeFolder(draft);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(drafts.all()).toEqual([draft]);
  });
});

describe('a run that is killed', () => {
  it('leaves nothing of a blob in an OCI store but what it has noted', async () => {
    const left: string[] = [];
    for (let effect = 0, isOver = false; !isOver; effect += 1) {
      const { io, drafts } = setUp();
      io.files.put('/models/one.gguf', 'one');
      const kill = { effect, when: 'after' } as const;
      const life = createLife({ io, kill, onDeath: () => undefined });
      const source = { path: '/models/one.gguf', isUnchanging: false };
      const put = putFile({ path: '/oci', io: life.io }, sha256Text('one'), source, {
        signal: new AbortController().signal,
        onHashed: () => undefined,
      });
      isOver = (await Promise.race([put, life.death])) !== 'killed';
      const temporaries = io.files.paths().filter((path) => path.endsWith('.partial'));
      expect(drafts.all()).toEqual(expect.arrayContaining(temporaries));
      left.push(...temporaries);
    }
    expect(left).not.toEqual([]);
  });
});
