import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { artifactOf, entryKey, type LockEntry } from '../../src/resolve/lock-entry.ts';
import { parseLock, printLock, updateLock } from '../../src/resolve/lock-file.ts';
import { anyEntry, fileEntry, hubEntry, lockOf, registryEntry } from './lock-fixtures.ts';

const file = '/home/user/team/models.lock.yaml';

function read(text: string) {
  const lock = parseLock(text, file);
  if (!lock.ok) throw new Error(JSON.stringify(lock.problems, null, 2));
  return lock.value;
}

const sorted = (entries: readonly LockEntry[]) =>
  entries.toSorted((a, b) =>
    `${a.model}\0${a.target}\0${a.source}` < `${b.model}\0${b.target}\0${b.source}` ? -1 : 1,
  );

describe('printing and parsing', () => {
  it('gives text that a person can read and git can compare', () => {
    const entry = registryEntry('qwen3', { target: 'gpu-box', manifest: '{"schemaVersion":2}' });
    expect(printLock(lockOf(entry, fileEntry('123')))).toMatchInlineSnapshot(`
      "# Written by modelctl: which bytes each model stands for. Commit it beside the manifests.
      apiVersion: modelctl.dev/v1alpha1
      kind: Lock
      set: '4f1d2c9b8a7e6350'
      files:
        - models.yaml
        - teams/search.yaml
      ---
      model: '123'
      target: '-'
      source: file://./123.gguf
      revision: sha256:a665a45920422f9d417e4867efdc4fb8a04a1f3fff1fa07e998e86f7f7a27ae3
      weights: sha256:a665a45920422f9d417e4867efdc4fb8a04a1f3fff1fa07e998e86f7f7a27ae3
      files:
        - path: '123.gguf'
          bytes: 163840
          digest: sha256:a665a45920422f9d417e4867efdc4fb8a04a1f3fff1fa07e998e86f7f7a27ae3
      facts: {}
      ---
      model: qwen3
      target: gpu-box
      source: ollama://registry.ollama.ai/library/qwen3:8b
      revision: sha256:bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f
      weights: sha256:a93ad61e224333d6a369e793b9b5e4c93e420f663c5cb6775abff4c09282a1f7
      manifest: '{"schemaVersion":2}'
      files:
        - path: model
          bytes: 5225374496
          digest: sha256:a93ad61e224333d6a369e793b9b5e4c93e420f663c5cb6775abff4c09282a1f7
          mediaType: application/vnd.ollama.image.model
        - path: config
          bytes: 487
          digest: sha256:b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910
          mediaType: application/vnd.docker.container.image.v1+json
      facts:
        format: gguf
        architecture: qwen3
        quantization: Q4_K_M
        contextLength: 40960
        parameters: 8200000000
        license: apache-2.0
      "
    `);
  });

  it('lead back to the same lock, whatever is in it', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyEntry, { selector: entryKey, maxLength: 5 }), (entries) => {
        const text = printLock(lockOf(...entries));
        const lock = read(text);
        expect(lock).toEqual(lockOf(...sorted(entries)));
        expect(printLock(lock)).toBe(text);
      }),
    );
  });

  it('mean to every other reader of YAML what they mean to us', () => {
    fc.assert(
      fc.property(anyEntry, fc.constantFrom('1.1', '1.2'), (entry, version) => {
        const [, document = ''] = printLock(lockOf(entry)).split(/^---\n/m);
        expect(parseYaml(document, { version })).toEqual(entry);
      }),
    );
  });

  it('keep a registry’s manifest byte for byte', () => {
    const manifest = '{\r\n\t"a" : "it\'s: # \u0085\u2028\ufeff\u007f 😀 \\u0000"\n}\n';
    const entry = registryEntry('qwen3', { manifest });
    expect(read(printLock(lockOf(entry))).entries[0]?.manifest).toBe(manifest);
  });

  it('keep the commit that files are fetched from, between the digests and the files', () => {
    const text = printLock(lockOf(hubEntry('qwen3')));
    expect(text).toMatch(
      /^weights: .*\ncommit: '0123456789abcdef0123456789abcdef01234567'\nfiles:/m,
    );
    expect(read(text).entries).toEqual([hubEntry('qwen3')]);
    expect(read(text.replace('facts:', 'facts: # by hand')).entries).toEqual([hubEntry('qwen3')]);
  });

  it('give the artifact of an entry without its key', () => {
    const entry = registryEntry('qwen3');
    const { model: _model, target: _target, ...artifact } = entry;
    expect(artifactOf(entry)).toEqual(artifact);
  });
});

describe('ten thousand entries', () => {
  it('are read in a fraction of the time that a YAML parser takes for them', () => {
    const entries = Array.from({ length: 10_000 }, (_, index) => registryEntry(`model-${index}`));
    const text = printLock(lockOf(...entries));
    const [header = '', ...documents] = text.split(/^(?=---\n)/m);
    const part = header + documents.slice(0, 500).join('').replaceAll("'-'", '"-"');
    const timeOf = (of: string) => {
      const startedAt = performance.now();
      read(of);
      return performance.now() - startedAt;
    };
    const [parsedMs, printedMs] = [timeOf(part) * 20, timeOf(text)];
    expect(printedMs).toBeLessThan(parsedMs / 2);
  });
});

describe('a lock that a person has edited', () => {
  const text = printLock(lockOf(registryEntry('a'), fileEntry('b')));

  it.each<[string, (text: string) => string]>([
    [
      'comments',
      (t) => t.replaceAll('model: ', '# why\nmodel: ').replace('kind: Lock', 'kind: Lock # yes'),
    ],
    ['fields in another order', (t) => t.replace(/^(model: b)\n(target: .*)\n/m, '$2\n$1\n')],
    ['flow style', (t) => t.replace('facts: {}', 'facts: { format: gguf }')],
    ['other quotes', (t) => t.replaceAll("'-'", '"-"')],
    ['line ends of Windows', (t) => t.replaceAll('\n', '\r\n')],
    ['a byte order mark', (t) => `\uFEFF${t}`],
    ['blank documents and comments between', (t) => t.replaceAll('---\n', '---\n# mine\n\n---\n')],
    ['a comment and dashes at the top', (t) => `# ours\n\n---\n${t}`],
    ['an end-of-document mark', (t) => `${t}...\n`],
  ])('with %s is the same lock', (_, edit) => {
    const edited = edit(text);
    expect(edited).not.toBe(text);
    const lock = read(edited);
    expect(lock.entries.map((entry) => ({ ...entry, facts: {} }))).toEqual(
      read(text).entries.map((entry) => ({ ...entry, facts: {} })),
    );
  });
});

describe('an update', () => {
  const a = registryEntry('a');
  const b = fileEntry('b');
  const c = fileEntry('c');
  const text = printLock(lockOf(a, c));

  it('that changes nothing gives the same text', () => {
    expect(updateLock(text, {})).toBe(text);
    expect(
      updateLock(text, { files: ['models.yaml', 'teams/search.yaml'], added: [], removed: [] }),
    ).toBe(text);
  });

  it('puts a new entry where it sorts', () => {
    expect(updateLock(text, { added: [b] })).toBe(printLock(lockOf(a, b, c)));
    expect(updateLock(text, { added: [fileEntry('z'), fileEntry('d')] })).toBe(
      printLock(lockOf(a, c, fileEntry('d'), fileEntry('z'))),
    );
  });

  it('takes an entry out, and moves one', () => {
    expect(updateLock(text, { removed: [entryKey(a)] })).toBe(printLock(lockOf(c)));
    const moved = { ...a, facts: {} };
    expect(updateLock(text, { removed: [entryKey(a)], added: [moved] })).toBe(
      printLock(lockOf(moved, c)),
    );
  });

  it('lists other files, and keeps the comments around them', () => {
    const files = ['models.yaml'];
    expect(updateLock(text, { files })).toBe(printLock({ ...lockOf(a, c), files }));
    const edited = text.replace('kind: Lock', '# ours\nkind: Lock # really');
    const updated = updateLock(edited, { files });
    expect(updated).toContain('# ours\nkind: Lock # really');
    expect(read(updated)).toEqual({ ...lockOf(a, c), files });
  });

  it('leaves every other document as it is, byte for byte', () => {
    const mine = '---\n# pinned by legal; see the wiki\n\nmodel:   c\n';
    const edited = text.replace('---\nmodel: c\n', mine);
    const updated = updateLock(edited, { added: [b], removed: [entryKey(a)], files: [] });
    expect(updated).toContain(edited.slice(edited.indexOf(mine)));
    expect(read(updated).entries).toEqual([b, c]);
  });

  it('keeps the order that a person chose, and the line ends of Windows', () => {
    const [header, first, second] = text.split(/^(?=---\n)/m);
    const windows = `${header}${second}${first}`.replaceAll('\n', '\r\n');
    const updated = updateLock(windows, { added: [b] });
    expect(read(updated).entries.map((entry) => entry.model)).toEqual(['b', 'c', 'a']);
    expect(updated.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  it('of any kind has the same meaning as on the entries', () => {
    const entries = fc.uniqueArray(anyEntry, { selector: entryKey, maxLength: 6 });
    fc.assert(
      fc.property(
        entries,
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 6 }),
        (all, from, count) => {
          const before = all.slice(0, from);
          const added = all.slice(from);
          const removed = before.slice(0, count).map(entryKey);
          const updated = updateLock(printLock(lockOf(...before)), { added, removed });
          expect(updated).toBe(printLock(lockOf(...before.slice(count), ...added)));
        },
      ),
    );
  });

  it('that adds what is there already is a bug of the caller', () => {
    expect(() => updateLock(text, { added: [a] })).toThrow('already there');
  });
});
