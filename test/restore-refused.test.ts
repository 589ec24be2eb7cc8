// Bundles that are damaged, cut off or made to do harm: each is refused with what is wrong, and
// nothing of it is left on the machine.
import {
  chmodSync,
  cpSync,
  existsSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleContent } from '../src/artifacts/bundle/content.ts';
import { headerOf } from '../src/artifacts/bundle/tar-header.ts';
import { digestHex } from '../src/core/digest.ts';
import { sha256Text } from '../src/core/hash.ts';
import { artifactOf } from '../src/resolve/lock-entry.ts';
import { parseLock } from '../src/resolve/lock-file.ts';
import {
  bundleTo,
  contentOf,
  createOrigin,
  createSite,
  put,
  restoreFrom,
  type Site,
} from './bundle-site.ts';

let origin: Site;
let target: Site;

beforeAll(async () => {
  origin = await createOrigin();
  for (const name of ['set', 'set.tar']) await bundleTo(origin, join(origin.folder, 'out', name));
});

afterAll(() => {
  origin.remove();
});

beforeEach(() => {
  target = createSite();
});

afterEach(() => {
  target.remove();
});

const made = (name: string): string => join(origin.folder, 'out', name);

/** Codes and details of what is wrong; nothing may be left. */
async function refusal(path: string): Promise<string> {
  const refused = await restoreFrom(target, path);
  expect([refused.exitCode, refused.folder]).toEqual([3, null]);
  expect(existsSync(join(target.folder, 'set'))).toBe(false);
  expect(contentOf(join(target.home, 'cache'))).toEqual({});
  return refused.problems.map(({ code, detail }) => `${code}: ${detail}`).join('\n');
}

const weights = (name: string): string =>
  digestHex(sha256Text(readFileSync(join(origin.folder, name))));

interface Damage {
  readonly what: string;
  readonly says: RegExp;
  readonly harm: (folder: string, blob: (hex: string) => string) => void;
}

const damages: readonly Damage[] = [
  {
    what: 'a blob with one bit changed',
    says: /does not have the content of its name/,
    harm: (_, blob) => {
      const bytes = readFileSync(blob(weights('two.gguf')));
      writeFileSync(blob(weights('two.gguf')), bytes.with(5000, (bytes[5000] ?? 0) ^ 1));
    },
  },
  {
    what: 'a blob that was cut off',
    says: /bytes; locked are/,
    harm: (_, blob) => truncateSync(blob(weights('one.gguf')), 1000),
  },
  {
    what: 'a blob that is missing',
    says: /is missing/,
    harm: (_, blob) => rmSync(blob(weights('one.gguf'))),
  },
  {
    what: 'a blob that is a link to a file outside',
    says: /is a link/,
    harm: (folder, blob) => {
      cpSync(blob(weights('one.gguf')), `${folder}-outside`);
      rmSync(blob(weights('one.gguf')));
      symlinkSync(`${folder}-outside`, blob(weights('one.gguf')));
    },
  },
  {
    what: 'a folder of blobs that is a link',
    says: /is no folder/,
    harm: (folder) => {
      cpSync(join(folder, 'blobs'), `${folder}-blobs`, { recursive: true });
      rmSync(join(folder, 'blobs'), { recursive: true });
      symlinkSync(`${folder}-blobs`, join(folder, 'blobs'));
    },
  },
  {
    what: 'no index, as of a run that was cut off',
    says: /was not completed/,
    harm: (folder) => rmSync(join(folder, 'index.json')),
  },
  {
    what: 'an index that was cut off',
    says: /no OCI image index/,
    harm: (folder) => truncateSync(join(folder, 'index.json'), 300),
  },
  {
    what: 'an index with an entry of somebody else',
    says: /no part of a bundle/,
    harm: (folder) => edit(folder, (entries) => [...entries, { ...entries[1], annotations: {} }]),
  },
  {
    what: 'an index that calls one model by the name of another',
    says: /not in its lock/,
    harm: (folder) =>
      edit(folder, ([set, one, two]) => [set, { ...one, annotations: two?.['annotations'] }, two]),
  },
  {
    what: 'an index with two sets',
    says: /several sets/,
    harm: (folder) => edit(folder, (entries) => [entries[0], ...entries]),
  },
  {
    what: 'no set',
    says: /no set/,
    harm: (folder) => edit(folder, ([, ...entries]) => entries),
  },
  {
    what: 'a lock that was edited in its blob',
    says: /does not have the content of its name/,
    harm: (_, blob) => {
      const lock = readFileSync(join(origin.folder, 'models.lock.yaml'));
      const path = blob(digestHex(sha256Text(lock)));
      writeFileSync(path, lock.toString('utf8').replace(/set: ./, 'set: f'));
    },
  },
];

type Entry = Readonly<Record<string, unknown>> | undefined;

function edit(folder: string, change: (entries: readonly Entry[]) => readonly Entry[]): void {
  const path = join(folder, 'index.json');
  const index = JSON.parse(readFileSync(path, 'utf8')) as { readonly manifests: readonly Entry[] };
  writeFileSync(path, JSON.stringify({ ...index, manifests: change(index.manifests) }));
}

describe('a folder', () => {
  it.each(damages)('with $what is refused', async ({ says, harm }) => {
    const folder = join(target.folder, 'bad');
    cpSync(made('set'), folder, { recursive: true });
    harm(folder, (hex) => join(folder, 'blobs', 'sha256', hex));
    expect(await refusal(folder)).toMatch(says);
  });

  it('that is none is refused', async () => {
    put(join(target.folder, 'bad', 'readme.txt'), 'hello');
    expect(await refusal(join(target.folder, 'bad'))).toMatch(/bundle\/damaged: .*oci-layout/);
  });

  it('that is not there is a mistake in the command', async () => {
    const refused = await restoreFrom(target, 'nowhere');
    expect([refused.exitCode, refused.problems[0]?.code]).toEqual([1, 'bundle/not-found']);
  });

  it('that may not be read says so', async () => {
    const folder = join(target.folder, 'bad');
    cpSync(made('set'), folder, { recursive: true });
    const blob = join(folder, 'blobs', 'sha256', weights('one.gguf'));
    const denied = { ...target.offline.files };
    chmodSync(blob, 0o600);
    const io = {
      ...target.offline,
      files: {
        ...denied,
        clone: async () => {
          throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
        },
      },
    };
    const refused = await restoreFrom(target, folder, {}, io);
    expect([refused.exitCode, refused.problems[0]?.code]).toEqual([3, 'transfer/access-denied']);
  });
});

/** A bundle whose texts are as given, with every digest as it should be. */
function forge(
  folder: string,
  change: {
    readonly path?: string;
    readonly text?: string;
    readonly lock?: (text: string) => string;
  },
): void {
  const text = readFileSync(join(origin.folder, 'models.lock.yaml'), 'utf8');
  const lock = (change.lock ?? ((same: string) => same))(text);
  const parsed = parseLock(text, 'models.lock.yaml');
  if (!parsed.ok) throw new Error('the lock cannot be read');
  const manifest = change.text ?? readFileSync(join(origin.folder, 'models.yaml'), 'utf8');
  const { index, texts, files } = bundleContent({
    set: parsed.value.set,
    lock: { path: 'models.lock.yaml', bytes: Buffer.from(lock) },
    manifests: [{ path: change.path ?? 'models.yaml', bytes: Buffer.from(manifest) }],
    models: parsed.value.entries.map((entry) => ({ ...entry, artifact: artifactOf(entry) })),
  });
  put(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}\n');
  put(join(folder, 'index.json'), index);
  const blobs = join(folder, 'blobs', 'sha256');
  for (const [digest, bytes] of texts) put(join(blobs, digestHex(digest)), bytes);
  for (const { file } of files) {
    const hex = digestHex(file.digest);
    cpSync(join(made('set'), 'blobs', 'sha256', hex), join(blobs, hex));
  }
}

describe('manifests in a bundle', () => {
  it.each([
    '../evil.yaml',
    '/tmp/evil.yaml',
    'a/../../evil.yaml',
    'C:\\evil.yaml',
    '..\\evil.yaml',
    '.git/hooks/evil.yaml',
    '.bashrc',
    'node_modules/evil.json',
    'run.sh',
    'con.yaml',
    'MODELS.LOCK.yaml',
    '',
  ])('called %j are refused', async (path) => {
    const folder = join(target.folder, 'bad');
    forge(folder, { path });
    expect(await refusal(folder)).toMatch(/is no place for a manifest|twice/);
  });

  it('that are none are refused, though their name is right', async () => {
    const folder = join(target.folder, 'bad');
    forge(folder, { text: 'scripts: { postinstall: "evil" }\n' });
    expect(await refusal(folder)).toMatch(/models\.yaml is no manifest/);
  });

  it('that the lock does not list are refused', async () => {
    const folder = join(target.folder, 'bad');
    forge(folder, { path: 'more.yaml' });
    expect(await refusal(folder)).toMatch(/does not list more\.yaml/);
  });

  it('do not come with a lock that says other bytes than the index', async () => {
    const folder = join(target.folder, 'bad');
    const [one, two] = [weights('one.gguf'), weights('two.gguf')];
    forge(folder, { lock: (text) => text.replaceAll(one, two) });
    expect(await refusal(folder)).toMatch(/which is not in its lock/);
  });

  it('do not come with a lock that is none', async () => {
    const folder = join(target.folder, 'bad');
    forge(folder, { lock: () => 'hello: world\n' });
    expect(await refusal(folder)).toMatch(/Its lock cannot be read/);
  });
});

/** The header of an entry, with a field of ustar overwritten and its checksum put right. */
function header(
  name: string,
  fields: { readonly type?: string; readonly size?: string; readonly bytes?: number } = {},
): Buffer {
  const block = Buffer.from(headerOf(name, fields.bytes ?? 0));
  if (fields.type !== undefined) block.write(fields.type, 156, 'latin1');
  if (fields.size !== undefined) block.write(fields.size, 124, 12, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

const end = Buffer.alloc(1024);
const layout = Buffer.concat([
  header('oci-layout', { bytes: 2 }),
  Buffer.from('{}'),
  Buffer.alloc(510),
]);

describe('a tar', () => {
  it.each<readonly [string, Buffer, RegExp]>([
    ['with a name that leads out of it', header('../evil'), /no part of a bundle/],
    ['with an absolute name', header('/etc/passwd'), /no part of a bundle/],
    ['with a name beside those of a bundle', header('blobs/sha256/evil'), /no part of a bundle/],
    ['with a folder of another name', header('evil/', { type: '5' }), /no part of a bundle/],
    ['with a symbolic link', header('index.json', { type: '2' }), /a link or a device/],
    ['with a hard link', header('index.json', { type: '1' }), /a link or a device/],
    ['with a device', header('index.json', { type: '3' }), /a link or a device/],
    ['with a file twice', layout, /twice/],
    ['with a size beyond its end', header('index.json', { size: '77777777777\0' }), /cut off/],
    ['with a size that is no number', header('index.json', { size: 'huge huge hu' }), /no header/],
    ['with what is no header', Buffer.alloc(512, 'x'), /no header/],
    ['with a long header', header('pax', { type: 'x', size: '00040000000\0' }), /cut off/],
    ['without an end', Buffer.alloc(0), /cut off/],
  ])('%s is refused', async (what, entry, says) => {
    const path = join(target.folder, 'bad.tar');
    writeFileSync(
      path,
      Buffer.concat([layout, entry, ...(what === 'without an end' ? [] : [end])]),
    );
    expect(await refusal(path)).toMatch(says);
  });

  it('that was cut off anywhere is refused', async () => {
    const whole = readFileSync(made('set.tar'));
    const path = join(target.folder, 'bad.tar');
    for (const share of [0, 0.001, 0.3, 0.6, 0.99]) {
      writeFileSync(path, whole.subarray(0, Math.floor(whole.length * share)));
      expect(await refusal(path)).toMatch(/bundle\/damaged/);
    }
    writeFileSync(path, whole.subarray(0, whole.length - 1024));
    expect(await refusal(path)).toMatch(/the end of the archive is missing/);
  });

  it('with one bit changed anywhere is refused or the same', async () => {
    const whole = readFileSync(made('set.tar'));
    const path = join(target.folder, 'bad.tar');
    for (let at = 100; at < whole.length; at += Math.floor(whole.length / 40)) {
      writeFileSync(path, whole.with(at, (whole[at] ?? 0) ^ 4));
      const isPadding =
        whole[at] === 0 && whole.subarray(at - 8, at + 8).every((byte) => byte === 0);
      if (!isPadding)
        expect([at, await refusal(path)]).toEqual([at, expect.stringContaining('bundle/')]);
    }
  });
});
