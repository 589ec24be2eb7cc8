// References to the Hugging Face Hub: `hf://org/repo[:QUANT | /file][@revision]`. The first at sign
// begins the revision; in file names it is written %40. Case counts on the Hub and is kept, but
// for the quantization, which llama.cpp compares without it. Pure; knows no endpoint.
import { type Checked, checked, errorProblem, refused } from '../../../core/problem.ts';

export interface HubReference {
  /** `org/repo`. */
  readonly repository: string;
  /** In upper case; null where none is named. */
  readonly quantization: string | null;
  /** Path in the repository, decoded; null where none is named. */
  readonly file: string | null;
  /** Branch, tag, `refs/pr/1` or commit. */
  readonly revision: string;
}

const scheme = 'hf://';
const form = 'hf://org/repo[:QUANT | /file][@revision]';
const defaultRevision = 'main';
const lengthMax = 1_024;

export function parseHubReference(reference: string): Checked<HubReference> {
  const body = reference.slice(scheme.length);
  if (body.length > lengthMax) return invalid(`It is longer than ${lengthMax} characters.`);
  if (/[\u0000-\u0020\u007f-\u00a0\u2000-\u200f\u2028-\u202f\u2066-\u2069\ufeff\\]/.test(body)) {
    return invalid(
      'It has a blank, a backslash or a character in it that cannot be seen.',
      'Write a blank in the name of a file as %20.',
    );
  }
  if (/[?#]/.test(body)) {
    return invalid(
      'In a URL a question mark or number sign ends the path.',
      'Write them as %3F and %23; the revision stands after an at sign.',
    );
  }
  const at = body.indexOf('@');
  const [owner = '', named = '', ...path] = (at < 0 ? body : body.slice(0, at)).split('/');
  if (/^(www\.)?(huggingface\.co|hf\.co)$/i.test(owner)) {
    return invalid('It names the Hub itself.', `Leave the host out: ${form}.`);
  }
  const revision = parseRevision(at < 0 ? defaultRevision : body.slice(at + 1));
  if (!revision.ok) return revision;
  const [name = '', quantization = null] = cutAt(named, ':');
  if (!isRepository(owner, name)) return badRepository(owner, name);
  const repository = `${owner}/${name}`;
  if (quantization !== null) {
    return quantized(repository, quantization, path, revision.value);
  }
  if (path.length === 0) {
    return checked({ repository, quantization, file: null, revision: revision.value });
  }
  const file = parsePath(repository, path, at >= 0);
  return file.ok
    ? checked({ repository, quantization, file: file.value, revision: revision.value })
    : file;
}

/** The one spelling: quantization in upper case, the revision written out. */
export function formatHubReference(reference: HubReference): string {
  const { repository, quantization, file, revision } = reference;
  const what = quantization === null ? '' : `:${quantization}`;
  const where = file === null ? '' : `/${encodePath(file)}`;
  return `${scheme}${repository}${what}${where}@${revision}`;
}

/** As people write it: without what would be assumed anyway. */
export const shortHubReference = (reference: HubReference): string =>
  formatHubReference(reference).replace(/@main$/, '');

/** Below the endpoint, every name escaped. */
export const hubPath = (...names: readonly string[]): string =>
  names.map((name) => name.split('/').map(encodeURIComponent).join('/')).join('/');

function quantized(
  repository: string,
  text: string,
  path: readonly string[],
  revision: string,
): Checked<HubReference> {
  if (/\.gguf$/i.test(text)) {
    return invalid('A file is named where a quantization is meant.', `Write /file; ${form}.`);
  }
  if (path.length > 0 || !/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(text)) {
    return invalid(
      'What follows the colon is not a quantization.',
      `Write :Q4_K_M, or /file instead; ${form}.`,
    );
  }
  return checked({ repository, quantization: text.toUpperCase(), file: null, revision });
}

/** As huggingface_hub has it (validate_repo_id): letters, digits and `-_.`, 96 at most. */
function isRepository(owner: string, name: string): boolean {
  const isPart = (text: string): boolean => /^\w([\w.-]*\w)?$/.test(text);
  return (
    isPart(owner) &&
    isPart(name) &&
    owner.length + 1 + name.length <= 96 &&
    !/--|\.\.|\.git$/.test(`${owner}/${name}`)
  );
}

const badRepository = (owner: string, name: string): Checked<never> =>
  name === ''
    ? invalid(
        'It names no repository with its owner.',
        owner === 'gpt2'
          ? 'Repositories without an owner have one now: hf://openai-community/gpt2.'
          : `Write owner and repository, as the address of its page has them; ${form}.`,
      )
    : invalid(
        'Its repository cannot be one: names are letters, digits and single -, _ and ., 96 in all.',
        `Copy owner and name from the page of the model; ${form}.`,
      );

function parsePath(
  repository: string,
  segments: readonly string[],
  hasRevision: boolean,
): Checked<string> {
  const [verb = '', pasted = '', ...rest] = segments;
  if (/^(resolve|blob|raw|tree)$/.test(verb) && !hasRevision) {
    const what = rest.length === 0 || verb === 'tree' ? '' : `/${rest.join('/')}`;
    const revision = pasted === '' ? defaultRevision : pasted.replaceAll(/%2F/gi, '/');
    return invalid(
      'It is the address of a page of the Hub.',
      `Did you mean ${scheme}${repository}${what}@${revision}?`,
    );
  }
  const names: string[] = [];
  for (const segment of segments) {
    const name = decode(segment);
    if (name === null) {
      return invalid(
        'It has a percent sign that two hex digits of UTF-8 do not follow.',
        'Write a percent sign as %25.',
      );
    }
    if (segment.includes(':')) {
      return invalid(
        'It names a file and a quantization.',
        `Name one of the two; a colon in the name of a file is %3A. The form is ${form}.`,
      );
    }
    names.push(name);
  }
  const path = names.join('/');
  if (names.some((name) => name.includes('/')) || !isHubPath(path)) {
    return invalid(
      'Its file cannot be one: a part of the path is empty, leads elsewhere, or cannot be shown.',
      'Copy the path of the file as the page of the model lists it.',
    );
  }
  return checked(path);
}

/** A path that stays where it is meant to be, on any platform. */
export const isHubPath = (path: string): boolean =>
  path.length > 0 &&
  path.length <= lengthMax &&
  !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\\]|^[A-Za-z]:/.test(path) &&
  !path.split('/').some((name) => name === '' || name === '.' || name === '..');

/** What git allows, less a few characters that references use themselves. */
function parseRevision(text: string): Checked<string> {
  if (/^[0-9a-f]{40}$/i.test(text)) return checked(text.toLowerCase());
  if (text.includes('%')) {
    return invalid('Its revision has an escape in it.', 'Write it as it is, as in @refs/pr/1.');
  }
  if (text.includes(':')) {
    return invalid('Its revision has a colon in it.', `The revision comes last: ${form}.`);
  }
  const isRevision =
    /^[\w.+=,/-]{1,256}$/.test(text) && !/\.\.|\/\/|^[./-]|[./]$|\/\.|\.lock$/.test(text);
  if (isRevision) return checked(text);
  return invalid(
    'What follows the at sign cannot be a revision.',
    'Name a branch, a tag, refs/pr/<number> or a commit of 40 hex digits, or leave it out for main.',
  );
}

function cutAt(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null; // decodeURIComponent has no other way to say so
  }
}

const encodePath = (path: string): string =>
  path
    .split('/')
    .map((name) =>
      encodeURIComponent(name).replace(/%(?:24|26|2B|2C|3B|3D)/g, (escaped) =>
        decodeURIComponent(escaped),
      ),
    )
    .join('/');

// References are not repeated: what stands in them may be a secret in the wrong place.
const invalid = (detail: string, remedy = `Write ${form}.`): Checked<never> =>
  refused(
    errorProblem({
      code: 'source/invalid',
      summary: 'A source cannot be read',
      detail: `The reference to the Hugging Face Hub cannot be used. ${detail}`,
      remedy,
    }),
  );
