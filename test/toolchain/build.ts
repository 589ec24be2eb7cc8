// How src/ becomes dist/: one split ESM bundle in which every dynamic import() is a chunk of its own, so
// a command loads only what it needs. Packages are bundled too, because a few chunks start much faster
// than trees of small files; users of modelctl therefore install nothing beside it.
//
// Chunks lie at dist/chunks/, as deep as src/<folder>/<file>.ts: `new URL('../../', import.meta.url)`
// is the root of the package from either place.

import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'tsdown';
import { generateSchemas } from './generate-schemas.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cacheFolder = join(root, 'node_modules/.cache/modelctl');
const stampFile = join(cacheFolder, 'build-stamp');
const outputFolder = join(root, 'dist');

/** Builds, unless dist/ already is what the sources say. */
export async function ensureBuilt(): Promise<void> {
  const stamp = fingerprint();
  if (existsSync(outputFolder) && (await readFile(stampFile, 'utf8').catch(() => '')) === stamp)
    return;
  await buildAll();
}

/** Builds next to dist/ and swaps the result in, so nobody ever runs half a build. */
export async function buildAll(): Promise<void> {
  const stamp = fingerprint();
  await generateSchemas();
  const staging = join(cacheFolder, `dist-${process.pid}`);
  try {
    await bundle(staging);
    await rm(outputFolder, { recursive: true, force: true });
    await rename(staging, outputFolder);
    await writeFile(stampFile, stamp);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function bundle(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await build({
    config: false,
    cwd: root,
    entry: entries(),
    outDir: folder,
    format: 'esm',
    fixedExtension: false,
    platform: 'node',
    target: 'node24',
    dts: { entry: 'src/index.ts' },
    deps: {
      // Native and large: whoever wants the embedded engine installs it beside modelctl.
      neverBundle: [/^node-llama-cpp($|\/)/, /^@node-llama-cpp\//],
      onlyBundle: false,
    },
    outputOptions: { chunkFileNames: 'chunks/[name]-[hash].js' },
    plugins: [licenceNotices()],
    failOnWarn: true,
    logLevel: 'warn',
    suppressWarnings: 'TypeScript 7.0 does not yet have a stable API',
  });
}

/** What something starts: the library, and every file named `main.ts` or `<role>-main.ts`. */
function entries(): Readonly<Record<string, string>> {
  const files = ['src/index.ts', ...globSync('src/*/{main,*-main}.ts', { cwd: root })];
  return Object.fromEntries(files.map((file) => [file.slice('src/'.length, -'.ts'.length), file]));
}

/** Collects the licences of the packages that went into the bundle, as those licences ask. */
function licenceNotices(): Rolldown.Plugin {
  return {
    name: 'licence-notices',
    generateBundle(_options, outputs) {
      const modules = Object.values(outputs).flatMap((output) =>
        output.type === 'chunk' ? output.moduleIds : [],
      );
      const folders = modules.map(
        (id) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1],
      );
      const packages = [...new Set(folders.filter((folder) => folder !== undefined))].sort();
      if (packages.length === 0) return;
      const source = packages.map(noticeOf).join(`\n${'-'.repeat(80)}\n\n`);
      this.emitFile({ type: 'asset', fileName: 'third-party-licenses.txt', source });
    },
  };
}

function noticeOf(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license: string;
  };
  const [file] = globSync('{LICENSE,LICENCE,license,licence}*', { cwd: folder });
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
  return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text.trim()}\n`;
}

function fingerprint(): string {
  const inputs = [
    'package.json',
    'tsconfig.json',
    ...globSync('{src/**/*.{ts,json},schemas/*.json,test/toolchain/*.ts}', {
      cwd: root,
      exclude: ['src/generated/**'],
    }).sort(),
  ];
  const hash = createHash('sha256');
  for (const file of inputs) hash.update(`${file}\0${readFileSync(join(root, file), 'utf8')}\0`);
  return hash.digest('hex');
}

if (import.meta.main) await buildAll();
