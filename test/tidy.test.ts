// Keeps the shape of the source: who may import whom, where the outside world may be touched, and the
// small rules that no linter has. It reads files and knows nothing else about the program.

import { globSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** What each part of src/ may import, beside itself. A trailing slash means the whole folder. */
const layers: Readonly<Record<string, readonly string[]>> = {
  'core/': ['generated/'],
  'io/': ['core/'],
  'models/': ['core/', 'io/'],
  'artifacts/': ['core/', 'io/', 'models/'],
  // The one backend whose engine is ours speaks that engine's protocol.
  'backends/embedded/': ['core/', 'io/', 'models/', 'artifacts/', 'backends/', 'engine/'],
  // Says in its engines' own words what the kinds of services then write and start.
  'backends/serve.ts': ['core/', 'io/', 'backends/', 'services/'],
  'backends/': ['core/', 'io/', 'models/', 'artifacts/', 'backends/'],
  'services/': ['core/', 'io/', 'supervisor/protocol.ts', 'backends/backend.ts'],
  'supervisor/': ['core/', 'io/', 'engine/only-one.ts'],
  'engine/': ['core/', 'io/', 'models/', 'artifacts/'],
  // The stages. They see the outside through three interfaces, and never see one another.
  'manifest/': ['core/', 'generated/', 'models/', ...ports()],
  'resolve/': ['core/', 'generated/', 'models/', ...ports()],
  'observe/': ['core/', 'models/', ...ports()],
  'plan/': ['core/', 'models/', ...ports()],
  'execute/': ['core/', 'models/', ...ports()],
  'record/': ['core/', 'models/', ...ports()],
  'render/': ['core/'],
  // The pipeline itself: `reconcile.ts` and what stands beside it.
  'survey/': ['core/', 'models/', 'resolve/', ...ports()],
  'locking/': ['core/', 'models/', 'manifest/', 'resolve/', ...ports()],
  'verifying/': ['core/', 'models/', 'resolve/', 'record/', 'artifacts/', 'backends/', ...ports()],
  // The loop: above the pipeline, beside which it stands.
  'watch/': [...stages(), 'core/', 'io/', 'artifacts/', 'backends/', ...pipeline()],
  '*.ts': [
    ...stages(),
    'watch/',
    'verifying/',
    'survey/',
    'locking/',
    'core/',
    'io/',
    'models/',
    'artifacts/',
    'backends/',
    'services/',
  ],
  'cli/': ['*'],
  'index.ts': ['*'],
};

/** Where the clock, the network, the disk, processes and randomness may be touched. */
const outside: Readonly<Record<string, readonly string[]>> = {
  'the outside world': ['io/', 'engine/', 'supervisor/', 'cli/main.ts'],
  'node:sqlite': ['io/', 'engine/', 'record/ledger', 'record/lock.ts'],
};

const forbidden: Readonly<Record<string, RegExp>> = {
  'the outside world': new RegExp(
    [
      String.raw`['"]node:(fs|http|https|http2|net|tls|dgram|dns|child_process|worker_threads|cluster|os)\b`,
      String.raw`['"](node:)?timers\b`,
      String.raw`\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b`,
      String.raw`\bMath\.random\b|\b(randomUUID|randomBytes|randomInt|getRandomValues)\b`,
      String.raw`(?<![\w.])(setTimeout|setInterval|setImmediate|fetch)\(`,
      String.raw`\bprocess\.(env|argv|cwd|exit|kill|on|stdin|stdout|stderr|hrtime|getBuiltinModule)\b`,
    ].join('|'),
  ),
  // A type says nothing about what runs; only a value opens a database.
  'node:sqlite': /(?<!import type .*)['"]node:sqlite['"]/,
};

const bannedWords = /\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck)|\bas any\b|biome-ignore-all/;
const bannedNames = /^(utils?|helpers?|types?|common|managers?|misc)(\.|$)/;
const kebabCase =
  /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|config))?(\.d)?\.(ts|mjs)$|^[a-z0-9]+(-[a-z0-9]+)*$/;
const unfairTest = /\.(only|skip|skipIf|todo|fails)\b|\bx(it|describe)\(|\bretry:\s*[1-9]/;
const sourceLinesMax = 300;
const testLinesMax = 400;

/** Files that something starts, rather than imports. */
const isEntry = (file: string): boolean => file === 'index.ts' || /(^|[/-])main\.ts$/.test(file);

interface SourceFile {
  /** Relative to src/ or test/. */
  readonly path: string;
  readonly lines: readonly string[];
  /** The same lines without comments; strings are kept. */
  readonly code: readonly string[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = readFolder('src', ['generated/**']);
const tests = readFolder('test', ['tidy.test.ts']);

describe('imports', () => {
  test('go only where the table of layers allows', () => {
    const broken = sources.flatMap((file) =>
      importsOf(file)
        .filter((target) => !mayImport(file.path, target))
        .map((target) => `src/${file.path} imports ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test('every folder of src has its place in the table', () => {
    const unknown = sources.filter((file) => layerOf(file.path) === undefined);
    expect(unknown.map((file) => file.path)).toEqual([]);
  });

  test('reach every file from an entry', () => {
    const known = new Map(sources.map((file) => [file.path, file]));
    const reached = new Set(sources.map((file) => file.path).filter(isEntry));
    for (const path of reached) {
      const file = known.get(path);
      for (const target of file === undefined ? [] : importsOf(file)) reached.add(target);
    }
    // What only declares the types of a package is imported by nobody.
    const dead = sources.filter(({ path }) => !reached.has(path) && !path.endsWith('.d.ts'));
    expect(dead.map((file) => `src/${file.path}`)).toEqual([]);
  });
});

describe('source files', () => {
  test.each(Object.keys(forbidden))('touch %s only where they may', (what) => {
    const pattern = forbidden[what];
    const allowed = outside[what] ?? [];
    const elsewhere = sources.filter(
      (file) => !allowed.some((prefix) => file.path.startsWith(prefix)),
    );
    expect(elsewhere.flatMap((file) => findings('src', file, file.code, pattern))).toEqual([]);
  });

  test('write to the console only in the command line', () => {
    const silent = sources.filter((file) => !file.path.startsWith('cli/'));
    const pattern = /\bconsole\.\w+/;
    expect(silent.flatMap((file) => findings('src', file, file.code, pattern))).toEqual([]);
  });

  test(`have at most ${sourceLinesMax} lines`, () => {
    expect(tooLong('src', sources, sourceLinesMax)).toEqual([]);
  });

  test('open by saying what they are for', () => {
    const mute = sources.filter((file) => !/^(#!|\/\/|\/\*)/.test(file.lines[0] ?? ''));
    expect(mute.map((file) => `src/${file.path}`)).toEqual([]);
  });

  test('and folders have kebab-case names that say something', () => {
    expect([...badNames('src', sources), ...badNames('test', tests)]).toEqual([]);
  });

  test('hold no leftovers', () => {
    const found = [
      ...sources.flatMap((file) => findings('src', file, file.lines, bannedWords)),
      ...tests.flatMap((file) => findings('test', file, file.lines, bannedWords)),
    ];
    expect(found).toEqual([]);
  });
});

describe('tests', () => {
  test('are neither skipped, focused nor retried', () => {
    const suites = tests.filter((file) => file.path.endsWith('.test.ts'));
    expect(suites.flatMap((file) => findings('test', file, file.code, unfairTest))).toEqual([]);
  });

  test(`have at most ${testLinesMax} lines`, () => {
    expect(tooLong('test', tests, testLinesMax)).toEqual([]);
  });
});

function ports(): readonly string[] {
  const aboutFailures = ['io/error-code.ts', 'io/retry.ts']; // pure words about what the ports answer
  return ['io/io.ts', ...aboutFailures, 'artifacts/source.ts', 'backends/backend.ts'];
}

/** The files of the pipeline that a loop goes on with. */
function pipeline(): readonly string[] {
  const parts = ['declare', 'consider', 'apply', 'reconcile', 'companions', 'state-files'];
  return parts.map((part) => `${part}.ts`);
}

function stages(): readonly string[] {
  return ['manifest/', 'resolve/', 'observe/', 'plan/', 'execute/', 'record/'];
}

function layerOf(path: string): string | undefined {
  if (path === 'index.ts') return path;
  return path.includes('/') ? Object.keys(layers).find((layer) => path.startsWith(layer)) : '*.ts';
}

function mayImport(path: string, target: string): boolean {
  const layer = layerOf(path);
  if (layer === undefined) return true; // reported by a test of its own
  const allowed = layers[layer] ?? [];
  return (
    layerOf(target) === layer || allowed.some((part) => part === '*' || target.startsWith(part))
  );
}

/** The files under src/ that a file imports, statically or not, types included. */
function importsOf(file: SourceFile): readonly string[] {
  const specifiers = file.code
    .join('\n')
    .matchAll(/(?:\bfrom\s*|\bimport\s*|\bimport\(\s*)['"](\.[^'"]+\.[jt]s)['"]/g);
  return [...specifiers].map(([, specifier = '']) => {
    const target = posix.join(dirname(file.path), specifier);
    return target.replace(/\.js$/, '.ts').replace('generated/validators.ts', 'generated/');
  });
}

function findings(
  folder: string,
  file: SourceFile,
  lines: readonly string[],
  pattern: RegExp | undefined,
): readonly string[] {
  return lines.flatMap((line, index) => {
    const found = pattern?.exec(line)?.[0];
    return found === undefined ? [] : [`${folder}/${file.path}:${index + 1} ${found}`];
  });
}

function tooLong(folder: string, files: readonly SourceFile[], max: number): readonly string[] {
  return files
    .filter((file) => file.lines.length > max)
    .map((file) => `${folder}/${file.path} has ${file.lines.length} lines`);
}

function badNames(folder: string, files: readonly SourceFile[]): readonly string[] {
  return files
    .map((file) => file.path)
    .filter((path) => {
      const words = path.split('/');
      return words.some((word) => !kebabCase.test(word) || bannedNames.test(word));
    })
    .map((path) => `${folder}/${path}`);
}

function readFolder(folder: string, exclude: readonly string[]): readonly SourceFile[] {
  const paths = globSync('**/*.{ts,mjs}', { cwd: `${root}${folder}`, exclude: [...exclude] });
  return paths
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => {
      const text = readFileSync(`${root}${folder}/${path}`, 'utf8').trimEnd();
      return { path, lines: text.split('\n'), code: withoutComments(text).split('\n') };
    });
}

/** Blanks comments, keeping line numbers. Strings and templates are skipped over, so `//` may stand there. */
function withoutComments(text: string): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[=(,:[!&|?{};\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\//g;
  return text.replaceAll(token, (found) =>
    /^\/[/*]/.test(found) ? found.replaceAll(/[^\n]/g, ' ') : found,
  );
}
