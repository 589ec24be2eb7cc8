// Which flags of llama-server a Model may set for itself in runtime.engine, and why not the others.
// Pure. Only what is listed is let through: an unknown key makes the server refuse the whole file.
import type { EngineFlags } from '../../core/desired.ts';
import { didYouMean } from '../../core/did-you-mean.ts';
import type { Problem } from '../../core/problem.ts';
import { unsupported } from '../unsupported.ts';
import { isWritable } from './preset.ts';

/** Without a value: `true` sets them, `false` is their negation or leaves them out. */
const switches: ReadonlySet<string> = new Set(
  `backend-sampling cache-idle-slots cache-prompt check-tensors cont-batching context-shift cpu-moe
  direct-io embeddings escape ignore-eos jinja kv-offload kv-unified metrics mlock mmap mmproj-offload
  no-host op-offload perf prefill-assistant reasoning-preserve repack reranking skip-chat-parsing slots
  special spm-infill swa-full warmup`.split(/\s+/),
);

const valued: ReadonlySet<string> = new Set(
  `adaptive-decay adaptive-target batch-size cache-ram cache-reuse chat-template chat-template-kwargs
  checkpoint-min-step cpu-mask cpu-mask-batch cpu-range cpu-range-batch cpu-strict cpu-strict-batch
  device dry-allowed-length dry-base dry-multiplier dry-penalty-last-n dynatemp-exp dynatemp-range
  embd-normalize fit fit-ctx fit-target frequency-penalty image-max-tokens image-min-tokens keep
  load-mode logit-bias main-gpu min-p mirostat mirostat-ent mirostat-lr mmproj-device n-cpu-moe
  n-predict numa override-kv override-tensor poll poll-batch pooling presence-penalty prio prio-batch
  reasoning reasoning-budget reasoning-budget-message reasoning-effort reasoning-format repeat-last-n
  repeat-penalty rope-freq-base rope-freq-scale rope-scale rope-scaling samplers sampling-seq seed
  slot-prompt-similarity spec-type split-mode stop-timeout swa-checkpoints temperature tensor-split
  threads-batch timeout top-k top-n-sigma top-p typical-p ubatch-size xtc-probability xtc-threshold
  yarn-attn-factor yarn-beta-fast yarn-beta-slow yarn-ext-factor yarn-orig-ctx`.split(/\s+/),
);

/** What has a field of its own: said there, it means the same on every engine. */
const fields: Readonly<Record<string, string>> = {
  alias: 'spec.aliases',
  'cache-type-k': 'spec.runtime.kvCacheType',
  'cache-type-v': 'spec.runtime.kvCacheType',
  'chat-template-file': 'spec.derive.template',
  'ctx-size': 'spec.runtime.contextLength',
  'flash-attn': 'spec.runtime.flashAttention',
  'hf-file': 'spec.source',
  'hf-repo': 'spec.source',
  'load-on-startup': 'spec.residency',
  lora: 'spec.derive.adapters',
  'lora-scaled': 'spec.derive.adapters',
  model: 'spec.source',
  'model-url': 'spec.source',
  'n-gpu-layers': 'spec.runtime.gpuLayers',
  parallel: 'spec.runtime.parallel',
  'sleep-idle-seconds': 'spec.runtime.keepAlive',
  threads: 'spec.runtime.threads',
};

const ofServer: ReadonlySet<string> = new Set(
  `agent api-key api-key-file api-prefix cors-credentials cors-headers cors-methods cors-origins
  hf-token host log-disable log-file log-prompts-dir log-verbosity mcp-servers-config mcp-servers-json
  media-path models-autoload models-dir models-max models-preset offline path port props reuse-port
  slot-save-path sse-ping-interval ssl-cert-file ssl-key-file tags threads-http tools tools-runtime ui
  ui-config ui-config-file verbose`.split(/\s+/),
);

/** `taken`: keys that other fields of the Model set already. */
export const flagProblems = (
  flags: EngineFlags | undefined,
  taken: ReadonlySet<string>,
): readonly Problem[] =>
  Object.entries(flags ?? {}).flatMap(([name, value]) => {
    const why = refusal(name, value, taken);
    return why === null ? [] : [unsupported(`spec.runtime.engine.llama-server.${name}`, ...why)];
  });

type Refusal = readonly [detail: string, remedy: string];

function refusal(
  name: string,
  value: string | number | boolean,
  taken: ReadonlySet<string>,
): Refusal | null {
  if (Object.hasOwn(fields, name)) {
    return [`${name} is what ${fields[name]} says.`, `Say it there: ${fields[name]}.`];
  }
  if (ofServer.has(name)) {
    return [
      `${name} belongs to the whole server, not to one model.`,
      'Leave it out, and set it where the server is started.',
    ];
  }
  if (!switches.has(name) && !valued.has(name)) {
    const meant = didYouMean(name, [...switches, ...valued, ...Object.keys(fields)]);
    return [
      `${name} is no flag of llama-server that can be set for one model.${meant === null ? '' : ` Did you mean ${meant}?`}`,
      'Take one that `llama-server --help` lists, by its last long name and without dashes.',
    ];
  }
  if (taken.has(name)) {
    return [`${name} is also set by spec.derive.parameters.`, 'Say it in one of the two places.'];
  }
  return valueRefusal(name, value);
}

function valueRefusal(name: string, value: string | number | boolean): Refusal | null {
  if (switches.has(name) !== (typeof value === 'boolean')) {
    return switches.has(name)
      ? [`${name} takes no value.`, 'Write true or false.']
      : [`${name} takes a value, and ${value} is none.`, 'Write the value that it is to have.'];
  }
  if (isWritable(String(value))) return null;
  return [
    `The preset file of llama-server cannot hold this value of ${name}.`,
    'Leave out what it cannot hold: semicolons, hash signs, line ends, and spaces around it.',
  ];
}
