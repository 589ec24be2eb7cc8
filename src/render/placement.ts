// How a placement and its engine are called in front of people: short where that is unambiguous,
// the host only when it is another machine.
import type { Placement } from '../core/key.ts';
import { engineName } from '../core/service.ts';
import { escapeText } from './escape.ts';

const named = [
  ['embedded:', 'the embedded engine'],
  ['huggingface:', 'the Hugging Face cache'],
] as const;

/** `Ollama at http://127.0.0.1:11434`, `the embedded engine`; `gpu-1: …` for another host. */
export function renderBackend(at: Pick<Placement, 'host' | 'backend'>): string {
  const [, name] = named.find(([prefix]) => at.backend.startsWith(prefix)) ?? [];
  const engine = name ?? escapeText(at.backend);
  return at.host === 'local' ? engine : `${escapeText(at.host)}: ${engine}`;
}

/** The served name, with the Model's where that is another; of an engine, its Backend's name. */
export function renderName(at: { readonly name: string; readonly model: string }): string {
  if (at.name === engineName) return `the engine (${escapeText(at.model)})`;
  return sameName(at.name, at.model)
    ? escapeText(at.name)
    : `${escapeText(at.name)} (${escapeText(at.model)})`;
}

// Engines add `:latest` to a name without a tag; to people that is the same name.
const sameName = (name: string, model: string): boolean =>
  name === model || name === `${model}:latest`;
