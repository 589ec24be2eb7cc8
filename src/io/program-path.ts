// Where a program of ours is that runs in a process or thread of its own.
import { fileURLToPath } from 'node:url';

/**
 * Of `engine/main`, say: in the sources, or at its own place in the bundle, whose chunks are
 * elsewhere. `moduleUrl` is the caller's `import.meta.url`.
 */
export function programPath(moduleUrl: string, program: string): string {
  const inSources = moduleUrl.endsWith('.ts');
  const folder = inSources ? '/src/' : '/dist/';
  const root = moduleUrl.slice(0, moduleUrl.lastIndexOf(folder) + folder.length);
  return fileURLToPath(`${root}${program}.${inSources ? 'ts' : 'js'}`);
}
