import { describe, expect, it } from 'vitest';
import type { Artifact, ArtifactFile } from '../../src/core/artifact.ts';
import { sha256Text } from '../../src/core/hash.ts';
import { compareUpstream } from '../../src/core/upstream.ts';

type FileLine = readonly [path: string, seed: string, bytes: number, mediaType?: string];

/** The first file is the weights. The revision is that of all that is said. */
function artifact(...lines: readonly FileLine[]): Artifact {
  const files = lines.map(
    ([path, seed, bytes, mediaType]): ArtifactFile => ({
      path,
      bytes,
      digest: sha256Text(seed),
      ...(mediaType === undefined ? {} : { mediaType }),
    }),
  );
  const weights = files[0]?.digest ?? sha256Text('');
  return {
    source: 'ollama://registry/library/chat:8b',
    revision: sha256Text(JSON.stringify(lines)),
    files,
    weights,
    facts: {},
  };
}

const ollama = (kind: string): string => `application/vnd.ollama.image.${kind}`;

const model = (seed: string): FileLine => ['model', seed, 5000, ollama('model')];
const template = (seed: string): FileLine => ['template', seed, 40, ollama('template')];
const params = (seed: string): FileLine => ['params', seed, 10, ollama('params')];
const config: FileLine = ['config', 'config', 5, 'application/vnd.docker.container.image.v1+json'];

const compared = (before: Artifact, after: Artifact): string => {
  const { moved, changed, downloadBytes } = compareUpstream(before, after);
  const parts = changed.map(
    ({ part, path, change, bytes }) => `${part} ${path} ${change} ${bytes}`,
  );
  return `${moved ? 'moved' : 'same'}, ${downloadBytes} bytes: ${parts.join('; ')}`;
};

describe('what moved upstream', () => {
  it.each<[string, Artifact, Artifact, string]>([
    [
      'nothing, when the revision is the same',
      artifact(model('a')),
      artifact(model('a')),
      'same, 0 bytes: ',
    ],
    [
      'the weights alone',
      artifact(model('a'), template('t'), config),
      artifact(model('b'), template('t'), config),
      'moved, 5000 bytes: weights model replaced 5000',
    ],
    [
      'template and params, and no weights',
      artifact(model('a'), params('p'), template('t')),
      artifact(model('a'), params('q'), template('u')),
      'moved, 50 bytes: template template replaced 40; params params replaced 10',
    ],
    [
      'a layer that is new and one that is gone',
      artifact(model('a'), template('t')),
      artifact(model('a'), ['system', 's', 7, ollama('system')]),
      'moved, 7 bytes: template template removed 40; system system added 7',
    ],
    [
      'each other kind of layer, by its media type',
      artifact(model('a')),
      artifact(
        model('a'),
        ['license', 'l', 1, ollama('license')],
        ['projector', 'v', 2, ollama('projector')],
        ['adapter', 'x', 3, ollama('adapter')],
        ['messages', 'm', 4, ollama('messages')],
        config,
      ),
      'moved, 15 bytes: projector projector added 2; adapter adapter added 3; licence license added 1; config config added 5; other messages added 4',
    ],
    [
      'layers of other registries, by theirs',
      artifact(['w', 'a', 100, 'application/vnd.docker.ai.gguf.v3']),
      artifact(
        ['w', 'a', 100, 'application/vnd.docker.ai.gguf.v3'],
        ['p', 'b', 1, 'application/vnd.docker.ai.mmproj'],
        ['t', 'c', 1, 'application/vnd.docker.ai.chat.template.jinja'],
        ['l', 'd', 1, 'application/vnd.docker.ai.license'],
        ['c', 'e', 1, 'application/vnd.cncf.model.config.v1+json'],
        ['s', 'f', 1, 'application/vnd.cncf.model.weight.v1.tar'],
      ),
      'moved, 5 bytes: weights s added 1; projector p added 1; template t added 1; licence l added 1; config c added 1',
    ],
    [
      'files of a repository, by their names',
      artifact(['model.gguf', 'a', 100]),
      artifact(
        ['model.gguf', 'a', 100],
        ['mmproj-F16.gguf', 'b', 1],
        ['chat_template.jinja', 'c', 1],
        ['LICENSE', 'd', 1],
        ['config.json', 'e', 1],
        ['README.md', 'f', 1],
      ),
      'moved, 5 bytes: projector mmproj-F16.gguf added 1; template chat_template.jinja added 1; licence LICENSE added 1; config config.json added 1; other README.md added 1',
    ],
    [
      'weights under another name, as one change',
      artifact(['chat-v1.gguf', 'a', 100]),
      artifact(['chat-v2.gguf', 'b', 120]),
      'moved, 120 bytes: weights chat-v2.gguf replaced 120',
    ],
    [
      'one shard of several',
      artifact(['m-1-of-2.gguf', 'a', 100], ['m-2-of-2.gguf', 'b', 100]),
      artifact(['m-1-of-2.gguf', 'a', 100], ['m-2-of-2.gguf', 'c', 101]),
      'moved, 101 bytes: weights m-2-of-2.gguf replaced 101',
    ],
    [
      'only what the manifest says, when a file has another name or place',
      artifact(model('a'), params('p')),
      artifact(model('a'), ['options', 'p', 10, ollama('params')]),
      'moved, 0 bytes: manifest  replaced 0',
    ],
    [
      'a digest that stands twice, which is fetched once',
      artifact(model('a')),
      artifact(model('b'), ['copy', 'b', 5000]),
      'moved, 5000 bytes: weights model replaced 5000; weights copy added 5000',
    ],
  ])('is %s', (_, before, after, expected) => {
    expect(compared(before, after)).toBe(expected);
  });
});
