// References to files: `file://./x.gguf`, meant from the folder of the manifest that names it, or
// `file:///abs/x.gguf`. A URL's escapes are understood, so any name can be written. Relative ones
// stay relative, so that a lock can travel. Pure.
import { type Checked, checked, errorProblem, refused } from '../../../core/problem.ts';

const scheme = 'file://';

/** Names of the path, decoded; `absolute` says from where. */
export interface FilePath {
  readonly absolute: boolean;
  readonly names: readonly string[];
}

export function parseFileReference(reference: string): Checked<FilePath> {
  const body = reference.slice(scheme.length);
  if (!reference.toLowerCase().startsWith(scheme) || body === '')
    return invalid('It names no file.');
  if (body.startsWith('~'))
    return invalid('The shell, not modelctl, knows what the tilde stands for.');
  if (/[?#]/.test(body)) {
    return invalid(
      'In a URL a question mark or number sign ends the path; write them as %3F and %23.',
    );
  }
  const absolute = body.startsWith('/');
  const names: string[] = [];
  for (const segment of body.split('/')) {
    const name = decode(segment);
    if (name === null)
      return invalid('It has a percent sign that two hex digits of UTF-8 do not follow.');
    // A slash or NUL that only shows after decoding would name another place than it seems to.
    if (/[/\u0000]/.test(name)) return invalid('It has an escaped slash or NUL in it.');
    if (name === '' || name === '.') continue;
    if (name !== '..' || names.length === 0 || names.at(-1) === '..') {
      if (name === '..' && absolute) continue;
      names.push(name);
    } else names.pop();
  }
  if (names.length === 0 || names.at(-1) === '..' || /(^|\/)\.{0,2}$/.test(body)) {
    return invalid('It names a folder.');
  }
  return checked({ absolute, names });
}

/** `file://./…`, `file://../…` or `file:///…`, without detours. */
export function formatFileReference({ absolute, names }: FilePath): string {
  const path = names.map(encode).join('/');
  if (absolute) return `${scheme}/${path}`;
  return names[0] === '..' ? `${scheme}${path}` : `${scheme}./${path}`;
}

/** An absolute path of this machine, in node's own form; `folder` is where relative ones begin. */
export function locate({ absolute, names }: FilePath, folder: string, platform: string): string {
  const separator = platform === 'win32' ? '\\' : '/';
  if (absolute) {
    const drive = platform === 'win32' && /^[A-Za-z]:$/.test(names[0] ?? '');
    return `${drive ? '' : separator}${names.join(separator)}`;
  }
  const base = folder.split(platform === 'win32' ? /[\\/]/ : '/');
  while (base.length > 1 && base.at(-1) === '') base.pop();
  let rest = names;
  while (rest[0] === '..') {
    rest = rest.slice(1);
    if (base.length > 1) base.pop();
  }
  return [...base, ...rest].join(separator);
}

/** The same file, meant from another folder. */
export function seenFrom(path: FilePath, from: string, to: string, platform: string): FilePath {
  const names = (folder: string): readonly string[] =>
    folder.split(platform === 'win32' ? /[\\/]/ : '/').filter((name) => name !== '');
  const [here, there] = [names(to), names(locate(path, from, platform))];
  let shared = 0;
  while (shared < here.length && here[shared] === there[shared]) shared += 1;
  const up = here.slice(shared).map(() => '..');
  return { absolute: false, names: [...up, ...there.slice(shared)] };
}

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null; // decodeURIComponent has no other way to say so
  }
}

// What RFC 3986 allows in a path stays as people write it; everything else is escaped.
const encode = (name: string): string =>
  encodeURIComponent(name).replace(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, (escaped) =>
    decodeURIComponent(escaped),
  );

const invalid = (detail: string): Checked<never> =>
  refused(
    errorProblem({
      code: 'source/invalid',
      summary: 'A source cannot be read',
      detail: `The reference to a file cannot be used. ${detail}`,
      remedy:
        'Write file://./model.gguf for a file beside the manifest, or file:///folder/model.gguf.',
    }),
  );
