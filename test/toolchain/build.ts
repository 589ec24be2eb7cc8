// How src/ becomes dist/: one split ESM bundle, so that a command loads only what it needs, and that in
// few files: each file costs as much time as 25 kB of code. Packages are bundled too; users of modelctl
// therefore install nothing beside it.
//
// Chunks lie at dist/chunks/, as deep as src/<folder>/<file>.ts: `new URL('../../', import.meta.url)`
// is the root of the package from either place.

import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
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
    // The one for browsers: modules instead of CommonJS, and no look at the environment for every
    // single token.
    alias: { yaml: join(root, 'node_modules/yaml/browser/dist/index.js') },
    outputOptions: {
      chunkFileNames: 'chunks/[name]-[hash].js',
      codeSplitting: { groups: [...groups] },
    },
    plugins: [builtinsAsNeeded(), withoutDetours(), licenceNotices()],
    failOnWarn: true,
    logLevel: 'warn',
    suppressWarnings: 'TypeScript 7.0 does not yet have a stable API',
  });
}

/**
 * What is always needed together is one chunk: each of these with all that it imports, save what an
 * earlier group has. Hashing stays out of the first, since node:crypto is slow to load.
 */
const groups: readonly Rolldown.CodeSplittingGroup[] = [
  { name: 'compile-cache', test: /\/src\/cli\/compile-cache\.ts$/, priority: 3 },
  // All that the thread needs that writes files: it would load the whole start for it.
  { name: 'span', test: /\/src\/core\/span\.ts$/, priority: 3 },
  {
    name: 'start',
    test: /\/src\/(core\/(?!artifact-files|hash|made|upstream|wanted|weights)[\w-]+|cli\/run-command|cli\/commands\/validate|manifest\/load)\.ts$/,
    priority: 2,
  },
  { name: 'plan', test: /\/src\/(reconcile|cli\/commands\/plan)\.ts$/, priority: 1 },
];

/** What something starts: the library, and every file named `main.ts` or `<role>-main.ts`. */
function entries(): Readonly<Record<string, string>> {
  const files = ['src/index.ts', ...globSync('src/*/{main,*-main}.ts', { cwd: root })];
  return Object.fromEntries(files.map((file) => [file.slice('src/'.length, -'.ts'.length), file]));
}

/**
 * To import a built-in module, Node evaluates each of its exports, the lazy ones included: that takes
 * 7 ms for node:process and 46 ms for node:http. Asked for this way, it takes what is used.
 */
function builtinsAsNeeded(): Rolldown.Plugin {
  const statement = /^import (?:([\w$]+),? )?(?:\{ ([^}]*) \} )?from "(node:[\w/]+)";$/gm;
  const call = /\bimport\("(node:[\w/]+)"\)/g;
  const value = (module: string): string => `globalThis.process.getBuiltinModule("${module}")`;
  return {
    name: 'builtins-as-needed',
    renderChunk: (code) =>
      code
        .replaceAll(call, (_match, module: string) => `Promise.resolve(${value(module)})`)
        .replaceAll(
          statement,
          (_match, whole: string | undefined, names: string | undefined, module: string) => {
            // Nothing but functions, and slow to load: it can wait for the first of them.
            if (module === 'node:fs/promises' && names !== undefined)
              return lazily(names, value(module));
            const parts = names === undefined ? [] : [`{ ${names.replaceAll(' as ', ': ')} }`];
            const targets = [...(whole === undefined ? [] : [whole]), ...parts];
            return targets.map((target) => `const ${target} = ${value(module)};`).join(' ');
          },
        ),
  };
}

const lazily = (names: string, module: string): string =>
  names
    .split(', ')
    .map((name) => name.split(' as '))
    .map(([name, local = name]) => `const ${local} = (...given) => ${module}.${name}(...given);`)
    .join(' ');

/**
 * What is imported dynamically, and lies in a chunk with more, gets a file of its own that only passes
 * it on. This sends the import to where the code is.
 */
function withoutDetours(): Rolldown.Plugin {
  return {
    name: 'without-detours',
    generateBundle(_options, outputs) {
      const targets = new Map<string, string>();
      for (const [file, output] of Object.entries(outputs)) {
        if (output.type !== 'chunk' || !output.isDynamicEntry) continue;
        const [, names, target] =
          /^export \{ ([^}]*) \} from "\.\/([^"]+)";\s*$/.exec(output.code) ?? [];
        if (names === undefined || target === undefined) continue;
        const fields = names.replaceAll(/([\w$]+) as ([\w$]+)/g, '$2: group.$1');
        targets.set(basename(file), `${target}").then((group) => ({ ${fields} }))`);
        delete outputs[file];
      }
      for (const output of Object.values(outputs)) {
        if (output.type !== 'chunk') continue;
        output.code = output.code.replaceAll(
          /import\("([^"]*\/)([^"/]+)"\)/g,
          (all, folder: string, file: string) => {
            const target = targets.get(file);
            return target === undefined ? all : `import("${folder}${target}`;
          },
        );
      }
    },
  };
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
