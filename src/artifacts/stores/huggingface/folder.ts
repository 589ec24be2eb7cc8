// Where the Hugging Face cache of this machine is, and what its owner decided about it, read from
// the environment exactly as the Python client reads it. Pure. One thing differs: a variable that
// is set to nothing counts as not set (llama.cpp does so too; Python would use the working folder).
import { posix, win32 } from 'node:path';
import type { Environment } from '../../../io/io.ts';

/**
 * Absolute. HF_HUB_CACHE, else HUGGINGFACE_HUB_CACHE, else `hub` in HF_HOME, which is `huggingface`
 * in XDG_CACHE_HOME, else in `~/.cache` (on every platform).
 */
export function cacheFolder(environment: Environment): string {
  const path = environment.platform === 'win32' ? win32 : posix;
  const get = (name: string): string | undefined => environment.get(name) || undefined;
  const expand = (text: string): string =>
    expandVariables(expandHome(text, environment.homeFolder), environment);
  const cache = get('XDG_CACHE_HOME') ?? path.join(environment.homeFolder, '.cache');
  const home = (): string => expand(get('HF_HOME') ?? path.join(cache, 'huggingface'));
  const folder = get('HF_HUB_CACHE') ?? get('HUGGINGFACE_HUB_CACHE') ?? path.join(home(), 'hub');
  return path.resolve(environment.workingFolder, expand(folder));
}

/** Whether files stand in the snapshots themselves because the owner wants no symbolic links. */
export const symlinksDisabled = (environment: Environment): boolean =>
  ['1', 'ON', 'YES', 'TRUE'].includes(
    (environment.get('HF_HUB_DISABLE_SYMLINKS') ?? '').toUpperCase(),
  );

/** Another user's home (`~name`) cannot be told from here and stays as it is. */
const expandHome = (text: string, homeFolder: string): string =>
  /^~(?=$|[/\\])/.test(text) ? `${homeFolder}${text.slice(1)}` : text;

/** As `os.path.expandvars`: what is not set stays as it is. */
const expandVariables = (text: string, environment: Environment): string => {
  const pattern =
    environment.platform === 'win32'
      ? /\$\{([^}]*)\}|\$(\w+)|%([^%]+)%/g
      : /\$\{([^}]*)\}|\$(\w+)/g;
  return text.replaceAll(pattern, (written, braced?: string, bare?: string, percent?: string) => {
    const value = environment.get(braced ?? bare ?? percent ?? '');
    return value ?? written;
  });
};
