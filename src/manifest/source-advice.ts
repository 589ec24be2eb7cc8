// What is wrong with a `source` that the schema refuses. It is the first field that anybody
// writes, and the one with the most spellings from other tools.
import { didYouMean } from '../core/did-you-mean.ts';
import { showValue } from './show-value.ts';

export interface SourceAdvice {
  readonly detail: string;
  readonly remedy: string;
}

const schemes = ['ollama', 'hf', 'oci', 'file', 'https'] as const;

/** Pure. */
export function sourceAdvice(source: string): SourceAdvice {
  const is = `\`spec.source\` is ${showValue(source, []) ?? 'empty'}`;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(source)?.[1]?.toLowerCase();
  if (scheme === undefined) return withoutScheme(source, is);
  if (scheme === 'http' && !onThisMachine.test(source)) {
    return {
      detail: `${is}, and files of other machines are not fetched over plain http.`,
      remedy: 'Write `https://`, and add `#sha256=` with the digest of the file.',
    };
  }
  if (scheme === 'http' || scheme === 'https') return web(source, is);
  if (scheme === 'file') return { detail: `${is}, which names no file.`, remedy: asFile };
  if (scheme === 'hf') return hub(source, is);
  if (scheme === 'ollama') return { detail: `${is}, which is not a name.`, remedy: asName };
  if (scheme === 'oci')
    return { detail: `${is}, which names no model in a registry.`, remedy: asOci };
  const near = didYouMean(scheme, schemes);
  const known = schemes.map((name) => `\`${name}://\``).join(', ');
  return {
    detail: `${is}, and \`${scheme}://\` is not a source that is known here.${
      near === null ? '' : ` Did you mean \`${near}://\`?`
    }`,
    remedy: `Sources are ${known}:\n\n  modelctl explain model.spec.source`,
  };
}

const asFile = 'Write `file://./model.gguf`, relative to the folder of this manifest.';
const asOci =
  'Write `oci://host/name:tag`, in lower case, as in `oci://docker.io/ai/smollm2:latest`.';
const asName = 'Write it as `ollama pull` takes it, without spaces: `qwen3:8b`.';

const asHub =
  'Write `hf://org/repo:Q4_K_M`, or `hf://org/repo/file.gguf`, and `@revision` after it.';

/** The address of a page of the Hub as a reference; null where it names no repository. */
function fromPage(source: string): string | null {
  const page = /^(?:https|hf):\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/([^?#@\s]+)/i.exec(source);
  const [owner, name, verb = '', revision = '', ...path] = (page?.[1] ?? '').split('/');
  if (!owner || !name) return null;
  const isFile = /^(resolve|blob|raw)$/.test(verb) && path.length > 0;
  const at = revision === '' || revision === 'main' ? '' : `@${revision.replaceAll(/%2F/gi, '/')}`;
  return `hf://${owner}/${name}${isFile ? `/${path.join('/')}` : ''}${at}`;
}

function hub(source: string, is: string): SourceAdvice {
  const meant = fromPage(source);
  if (meant !== null) {
    return {
      detail: `${is}, which names the Hub itself. Did you mean \`${meant}\`?`,
      remedy: asHub,
    };
  }
  return { detail: `${is}, which is no file or model of a repository.`, remedy: asHub };
}

/** As the schema's pattern has it. */
const onThisMachine = /^http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?\//;

function web(source: string, is: string): SourceAdvice {
  if (/^https:\/\/[^/#]*@/i.test(source)) {
    return {
      detail: `${is}: user name and password cannot be part of it.`,
      remedy: 'Remove what stands before the `@`.',
    };
  }
  const meant = fromPage(source);
  if (meant !== null && !source.includes('#')) {
    return {
      detail: `${is}, without the digest of the file. The Hub knows it: did you mean \`${meant}\`?`,
      remedy: asHub,
    };
  }
  if (/#sha256=/i.test(source)) {
    return {
      detail: `${is}, and a sha256 has 64 hex digits.`,
      remedy: 'Print the digest of the file with:\n\n  sha256sum model.gguf',
    };
  }
  return {
    detail: `${is}, without the digest of the file. Only known bytes are installed.`,
    remedy: 'Add `#sha256=` and what this prints for the file:\n\n  sha256sum model.gguf',
  };
}

function withoutScheme(source: string, is: string): SourceAdvice {
  const looksLikePath = /^[./~\\]|^[A-Za-z]:[\\/]|\.gguf$/i.test(source);
  return looksLikePath
    ? { detail: `${is}, which looks like a path.`, remedy: asFile }
    : { detail: `${is}, which is not the name of a model.`, remedy: asName };
}
