// Completes package-lock.json so that `npm ci` accepts it everywhere. Run it as `npm run lockfile`.
//
// Tools with native binaries list one optional package per platform. A registry mirror that lacks one
// of them makes `npm install` leave it out of the lockfile without a word, and `npm ci` then refuses
// the whole lockfile ("Missing: … from lock file"). This script adds each absent platform package with
// the exact version its parent asks for, and the platform read off its name, so npm skips it where it
// does not apply. Plain JavaScript, because it has to run before `npm ci` can provide our own Node.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const lockfile = `${root}package-lock.json`;

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'win', 'mac'];
const processors = [
  'arm64',
  'arm',
  'x64',
  'ia32',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
  'wasm32',
];
const systemNames = { win: 'win32', mac: 'darwin' };

/** The `os`, `cpu` and `libc` of a platform package, from a name such as `@oxlint/binding-linux-x64-gnu`. */
export function platformOf(name) {
  const words = name.split(/[/-]/);
  const system = systems.find((candidate) => words.includes(candidate));
  const processor = processors.find((candidate) => words.includes(candidate));
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : undefined;
  return {
    ...(processor === undefined ? {} : { cpu: [processor] }),
    ...(libc === undefined ? {} : { libc }),
    ...(system === undefined ? {} : { os: [systemNames[system] ?? system] }),
  };
}

/** Adds every optional package that is asked for by exact version and resolves nowhere; returns their names. */
export function complete(lock) {
  const added = [];
  for (const [path, parent] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const target = `node_modules/${name}`;
      const found = lock.packages[`${path}/${target}`] ?? lock.packages[target];
      const leftOver = found && !found.integrity && found.version !== version; // our own, of an older run
      if ((found && !leftOver) || !/^\d+\.\d+\.\d+$/.test(version)) continue;
      lock.packages[target] = {
        version,
        ...platformOf(name),
        ...(parent.dev ? { dev: true } : {}),
        ...(parent.peer ? { peer: true } : {}),
        optional: true,
      };
      added.push(`${name}@${version}`);
    }
  }
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  lock.packages = Object.fromEntries(sorted);
  return added;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lock = JSON.parse(readFileSync(lockfile, 'utf8'));
  const added = complete(lock);
  writeFileSync(lockfile, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`package-lock.json: added ${added.length} platform packages.`);
  // The proof that matters: npm accepts the result as consistent.
  execFileSync('npm', ['ci', '--dry-run', '--ignore-scripts'], { cwd: root, stdio: 'pipe' });
  console.log('package-lock.json: `npm ci` accepts it.');
}
