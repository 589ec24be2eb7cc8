// The options of llama-server that may stand in a preset, as `llama-server --help` of August 2026 lists
// them: every spelling of one joined by commas, the last that is no negation is the one it tells.

const rows = `
t,threads tb,threads-batch C,cpu-mask Cr,cpu-range cpu-strict prio poll Cb,cpu-mask-batch
Crb,cpu-range-batch cpu-strict-batch prio-batch poll-batch c,ctx-size n,predict,n-predict
b,batch-size ub,ubatch-size keep swa-full fa,flash-attn perf,no-perf e,escape,no-escape
rope-scaling rope-scale rope-freq-base rope-freq-scale yarn-orig-ctx yarn-ext-factor
yarn-attn-factor yarn-beta-slow yarn-beta-fast kvo,kv-offload,nkvo,no-kv-offload
repack,nr,no-repack no-host ctk,cache-type-k ctv,cache-type-v dt,defrag-thold mlock mmap,no-mmap
dio,direct-io,ndio,no-direct-io lm,load-mode numa dev,device ot,override-tensor cmoe,cpu-moe
ncmoe,n-cpu-moe ngl,gpu-layers,n-gpu-layers sm,split-mode ts,tensor-split mg,main-gpu fit,fit
fitt,fit-target fitc,fit-ctx check-tensors override-kv op-offload,no-op-offload lora lora-scaled
control-vector control-vector-scaled control-vector-layer-range m,model mu,model-url
dr,docker-repo hf,hfr,hf-repo hff,hf-file hft,hf-token log-disable log-file log-colors
v,verbose,log-verbose offline lv,verbosity,log-verbosity log-prefix,no-log-prefix
log-timestamps,no-log-timestamps spec-draft-type-k,ctkd,cache-type-k-draft
spec-draft-type-v,ctvd,cache-type-v-draft samplers s,seed sampler-seq,sampling-seq ignore-eos
temp,temperature top-k top-p min-p top-nsigma,top-n-sigma xtc-probability xtc-threshold
typical,typical-p repeat-last-n repeat-penalty presence-penalty frequency-penalty dry-multiplier
dry-base dry-allowed-length dry-penalty-last-n dry-sequence-breaker adaptive-target adaptive-decay
dynatemp-range dynatemp-exp mirostat mirostat-lr mirostat-ent l,logit-bias grammar grammar-file
j,json-schema jf,json-schema-file bs,backend-sampling spec-draft-hf,hfd,hfrd,hf-repo-draft
spec-draft-threads,td,threads-draft spec-draft-threads-batch,tbd,threads-batch-draft
spec-draft-cpu-mask,Cd,cpu-mask-draft spec-draft-cpu-range,Crd,cpu-range-draft
spec-draft-cpu-strict,cpu-strict-draft spec-draft-prio,prio-draft spec-draft-poll,poll-draft
spec-draft-cpu-mask-batch,Cbd,cpu-mask-batch-draft
spec-draft-cpu-strict-batch,cpu-strict-batch-draft spec-draft-prio-batch,prio-batch-draft
spec-draft-poll-batch,poll-batch-draft spec-draft-override-tensor,otd,override-tensor-draft
spec-draft-cpu-moe,cmoed,cpu-moe-draft
spec-draft-n-cpu-moe,spec-draft-ncmoe,ncmoed,n-cpu-moe-draft spec-draft-n-max spec-draft-n-min
spec-draft-p-split,draft-p-split spec-draft-p-min,draft-p-min
spec-draft-backend-sampling,no-spec-draft-backend-sampling spec-draft-device,devd,device-draft
spec-draft-ngl,ngld,gpu-layers-draft,n-gpu-layers-draft spec-draft-model,md,model-draft spec-type
draft,draft-n,draft-max draft-min,draft-n-min lcs,lookup-cache-static lcd,lookup-cache-dynamic
ctxcp,ctx-checkpoints,swa-checkpoints cms,checkpoint-min-step cram,cache-ram
kvu,kv-unified,no-kvu,no-kv-unified cache-idle-slots,no-cache-idle-slots
context-shift,no-context-shift r,reverse-prompt sp,special warmup,no-warmup spm-infill pooling
np,parallel cb,cont-batching,nocb,no-cont-batching mm,mmproj mmu,mmproj-url
mmproj-auto,no-mmproj,no-mmproj-auto mmproj-offload,no-mmproj-offload mmdev,mmproj-device
image-min-tokens image-max-tokens mtmd-batch-max-tokens a,alias tags embd-normalize host port
reuse-port path cors-origins cors-methods cors-headers cors-credentials,no-cors-credentials
api-prefix ui-config,webui-config ui-config-file,webui-config-file
ui-mcp-proxy,webui-mcp-proxy,no-ui-mcp-proxy,no-webui-mcp-proxy tools tools-runtime
mcp-servers-config mcp-servers-json ag,agent,no-ag,no-agent ui,webui,no-ui,no-webui
embedding,embeddings rerank,reranking api-key api-key-file ssl-key-file ssl-cert-file
chat-template-kwargs to,timeout sse-ping-interval threads-http cache-prompt,no-cache-prompt
cache-reuse metrics props slots,no-slots slot-save-path media-path models-dir models-preset
models-max models-autoload,no-models-autoload jinja,no-jinja reasoning-format rea,reasoning
reasoning-effort reasoning-budget reasoning-budget-message
reasoning-preserve,no-reasoning-preserve chat-template chat-template-file
skip-chat-parsing,no-skip-chat-parsing prefill-assistant,no-prefill-assistant
sps,slot-prompt-similarity lora-init-without-apply sleep-idle-seconds log-prompts-dir
load-on-startup stop-timeout dedup-cache-models version`.trim();

/** Every spelling, with the one in which the server tells the option. */
export const optionNames: ReadonlyMap<string, string> = new Map(
  rows.split(/\s+/).flatMap((row) => {
    const spellings = row.split(',');
    const told = spellings.findLast((one) => !/^n(?:o-|r$|kvo$|dio$|ocb$)/.test(one)) ?? row;
    return spellings.map((one) => [one, told] as const);
  }),
);
