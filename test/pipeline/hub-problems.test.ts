// What `plan` says of references to the Hub that `validate` lets pass, whole, as people read it: only
// the Hub knows what is there.
import { afterEach, describe, expect, it } from 'vitest';
import { load } from '../../src/manifest/load.ts';
import { renderProblem } from '../../src/render/problem.ts';
import { ggufBytes } from '../fakes/gguf-bytes.ts';
import { createHub, type FakeHub } from '../fakes/hub-server.ts';
import { safetensorsBytes } from '../fakes/safetensors-bytes.ts';
import { createMachine, heldOf, type Machine, modelDocument } from '../machine.ts';

let machine: Machine;
afterEach(() => machine.remove());

const quantized = { 'm-Q4_K_M.gguf': ggufBytes(), 'm-Q8_0.gguf': ggufBytes({ dataBytes: 4_096 }) };

interface Case {
  readonly what: string;
  readonly source: string;
  readonly hub?: (hub: FakeHub) => void;
  readonly variables?: Readonly<Record<string, string>>;
  /** Line by line. */
  readonly said: readonly string[];
}

const cases: readonly Case[] = [
  {
    what: 'a repository that is not there',
    source: 'hf://org/none',
    said: [
      'models.yaml:5:11: error: A source does not exist [source/not-found]',
      '  Model/chat spec.source',
      '  There is no org/none, or it is private: without a token the Hub does not say which.',
      '  Check the name at https://huggingface.co/org/none. For a private repository set HF_TOKEN to a token that may read it.',
    ],
  },
  {
    what: 'a repository that the token does not see',
    source: 'hf://org/none',
    hub: (hub) => hub.tokens.set('hf_mine', new Set()),
    variables: { HF_TOKEN: 'hf_mine' },
    said: [
      'models.yaml:5:11: error: A source does not exist [source/not-found]',
      '  Model/chat spec.source',
      '  There is no org/none, or the account of the token may not see it.',
      '  Check the name at https://huggingface.co/org/none. For a private repository set HF_TOKEN to the token of an account that may read it.',
    ],
  },
  {
    what: 'a gated repository without a token',
    source: 'hf://org/gated',
    hub: (hub) => hub.push('org/gated', quantized, { gated: 'auto' }),
    said: [
      'models.yaml:5:11: error: A model is given only to those who accept its terms [source/gated]',
      '  Model/chat spec.source',
      '  org/gated is gated, and no token was sent.',
      '  Accept its terms at https://huggingface.co/org/gated; some are granted by hand, later. Then set HF_TOKEN to a token of that account.',
    ],
  },
  {
    what: 'a gated repository with the token of somebody who was not let in',
    source: 'hf://org/gated',
    hub: (hub) => {
      hub.tokens.set('hf_mine', new Set());
      hub.push('org/gated', quantized, { gated: 'manual' });
    },
    variables: { HF_TOKEN: 'hf_mine' },
    said: [
      'models.yaml:5:11: error: A model is given only to those who accept its terms [source/gated]',
      '  Model/chat spec.source',
      '  org/gated is gated, and the account of the token has not been let in.',
      '  Accept its terms at https://huggingface.co/org/gated with the account of the token; some are granted by hand, later. A fine-grained token also needs leave to read gated repositories.',
    ],
  },
  {
    what: 'a token that is none',
    source: 'hf://org/repo',
    variables: { HF_TOKEN: 'hf_wrong' },
    said: [
      'models.yaml:5:11: error: A source refuses access [source/unauthorized]',
      '  Model/chat spec.source',
      '  The Hub does not take the token that it was sent, when asked for org/repo.',
      '  Set HF_TOKEN to one that is valid, or sign in anew with `hf auth login`; what is public needs none.',
    ],
  },
  {
    what: 'a file that is not there',
    source: 'hf://org/repo/m-Q5_K_M.gguf',
    said: [
      'models.yaml:5:11: error: A source does not exist [source/not-found]',
      '  Model/chat spec.source',
      '  There is no file m-Q5_K_M.gguf in org/repo.',
      '  Did you mean m-Q4_K_M.gguf?',
    ],
  },
  {
    what: 'a quantization that is not there',
    source: 'hf://org/repo:Q5_K_M',
    said: [
      'models.yaml:5:11: error: A source does not exist [source/not-found]',
      '  Model/chat spec.source',
      '  org/repo has no quantization Q5_K_M. It has Q4_K_M, Q8_0.',
      '  Did you mean :Q4_K_M?',
    ],
  },
  {
    what: 'a quantization that is nearly there',
    source: 'hf://org/repo:Q4_K_N',
    said: [
      'models.yaml:5:11: error: A source does not exist [source/not-found]',
      '  Model/chat spec.source',
      '  org/repo has no quantization Q4_K_N. It has Q4_K_M, Q8_0.',
      '  Did you mean :Q4_K_M?',
    ],
  },
  {
    what: 'a quantization of a repository without any',
    source: 'hf://org/plain:Q4_K_M',
    hub: (hub) => hub.push('org/plain', { 'README.md': new TextEncoder().encode('plain') }),
    said: [
      'models.yaml:5:11: error: A source does not exist [source/not-found]',
      '  Model/chat spec.source',
      '  org/plain has no model in GGUF, and so no quantizations to choose from.',
      '  Choose a repository with GGUF files.',
    ],
  },
  {
    what: 'a repository without a model',
    source: 'hf://org/plain',
    hub: (hub) => hub.push('org/plain', { 'README.md': new TextEncoder().encode('plain') }),
    said: [
      'models.yaml:5:11: error: A source does not exist [source/not-found]',
      '  Model/chat spec.source',
      '  org/plain has neither GGUF files nor safetensors in its top folder.',
      '  Choose another repository.',
    ],
  },
  {
    what: 'a repository of pickle',
    source: 'hf://org/pickle',
    hub: (hub) => hub.push('org/pickle', { 'pytorch_model.bin': new Uint8Array(64) }),
    said: [
      'models.yaml:5:11: error: A source is in a format that can run code [source/unsafe-format]',
      '  Model/chat spec.source',
      '  org/pickle comes as pickle, or another format that runs what is in it when it is loaded.',
      '  Choose a repository with safetensors or GGUF; many have been converted.',
    ],
  },
  {
    what: 'a quantization that two models have',
    source: 'hf://org/two:Q8_0',
    hub: (hub) => hub.push('org/two', { 'a-Q8_0.gguf': ggufBytes(), 'b-Q8_0.gguf': ggufBytes() }),
    said: [
      'models.yaml:5:11: error: A source could be one of several models [source/ambiguous]',
      '  Model/chat spec.source',
      '  In org/two, Q8_0 is in the names of a-Q8_0.gguf, b-Q8_0.gguf.',
      '  Name the file, as in hf://org/two/a-Q8_0.gguf.',
    ],
  },
  {
    what: 'safetensors below the top folder only',
    source: 'hf://org/below',
    hub: (hub) => hub.push('org/below', { 'unet/model.safetensors': safetensorsBytes() }),
    said: [
      'models.yaml:5:11: error: A source does not exist [source/not-found]',
      '  Model/chat spec.source',
      '  org/below has neither GGUF files nor safetensors in its top folder.',
      '  Name a file of it, as in hf://org/below/unet/model.safetensors.',
    ],
  },
  {
    what: 'a branch that is not there',
    source: 'hf://org/repo@v9',
    said: [
      'models.yaml:5:11: error: A source does not exist [source/not-found]',
      '  Model/chat spec.source',
      '  org/repo has no revision v9.',
      '  Its branches and tags are listed at https://huggingface.co/org/repo/tree/main; pull requests are refs/pr/<number>.',
    ],
  },
  {
    what: 'a commit that is not there',
    source: `hf://org/repo@${'a'.repeat(40)}`,
    said: [
      'models.yaml:5:11: error: A source does not exist [source/not-found]',
      '  Model/chat spec.source',
      '  org/repo has no revision aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.',
      '  Its commits are listed at https://huggingface.co/org/repo/commits/main.',
    ],
  },
  {
    what: 'a repository that is disabled',
    source: 'hf://org/repo',
    hub: (hub) => hub.push('org/repo', quantized, { disabled: true }),
    said: [
      'models.yaml:5:11: error: A repository is disabled [source/disabled]',
      '  Model/chat spec.source',
      '  The Hub has disabled access to org/repo for everyone.',
      '  Choose another repository. What is installed already stays usable.',
    ],
  },
  {
    what: 'any repository while the Hub is not to be asked',
    source: 'hf://org/repo',
    variables: { HF_HUB_OFFLINE: '1' },
    said: [
      'models.yaml:5:11: error: A source may not be asked [source/offline]',
      '  Model/chat spec.source',
      '  HF_HUB_OFFLINE says to stay offline, so the Hub is not asked for hf://org/repo.',
      '  Unset HF_HUB_OFFLINE to ask it. What the lock pins and a store already holds needs no network.',
    ],
  },
];

function prepare({ source, hub: fill, variables = {} }: Omit<Case, 'what' | 'said'>): FakeHub {
  const hub = createHub();
  hub.push('org/repo', quantized);
  fill?.(hub);
  machine = createMachine({ elsewhere: hub.http, variables });
  machine.write('models.yaml', modelDocument('chat', `source: ${source}`));
  return hub;
}

describe('plan, where validate finds nothing wrong', () => {
  it.each(cases)('tells of $what', async ({ said, ...one }) => {
    prepare(one);
    const { folder, io } = machine;
    const loaded = await load([`${folder}/models.yaml`], io, AbortSignal.timeout(5000));
    expect([loaded.ok, loaded.problems]).toEqual([true, []]);
    const planned = await machine.plan();
    const text = planned.problems.map((problem) => renderProblem(problem, { folder })).join('\n');
    expect(planned.exitCode).toBe(1);
    expect(text.split('\n')).toEqual(said);
  });

  it('holds what a Hub that does not answer would be asked for', async () => {
    const hub = prepare({ source: 'hf://org/repo' });
    hub.add({ on: /./, refusesConnection: true, times: 100 });
    const planned = await machine.plan();
    expect([planned.exitCode, heldOf(planned)]).toEqual([0, ['chat:latest: unreachable']]);
    expect(planned.plan?.held).toMatchObject([
      {
        detail:
          'Asked huggingface.co for the revision main of hf://org/repo: the connection was refused.',
        remedy: 'Check the network, the proxy and the address; what is there already stays usable.',
        origin: { line: 1, column: 1 },
      },
    ]);
  });
});
