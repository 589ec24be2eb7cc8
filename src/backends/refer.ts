// From what a Backend object says, or the lack of one, to an engine that can be found again: its
// own defaults filled in (OLLAMA_HOST, store folders) and its id in one spelling. Makes no request
// to the engine.
import { join } from 'node:path';
import { cacheFolder } from '../artifacts/stores/huggingface/folder.ts';
import type { BackendReference } from '../core/backend-reference.ts';
import { type Checked, checked } from '../core/problem.ts';
import type { Environment, Io } from '../io/io.ts';
import type { BackendDeclaration } from './backend.ts';
import { storePath } from './embedded/place.ts';
import {
  isLoopbackEndpoint,
  llamaServerEndpoint,
  normalizeEndpoint,
  ollamaEndpoint,
} from './endpoint.ts';
import { serverStore } from './llama-server/place.ts';
import { realStorePath } from './store-path.ts';

export function refer(declaration: BackendDeclaration, io: Io): Promise<Checked<BackendReference>> {
  switch (declaration.type) {
    case 'ollama':
      return referOllama(declaration, io);
    case 'llama-server':
      return referLlamaServer(declaration, io);
    case 'embedded':
      return referEmbedded(declaration, io);
    case 'huggingface':
      return referHuggingFace(declaration, io);
  }
}

async function referOllama(
  { host, name, auth, ...declared }: BackendDeclaration,
  io: Io,
): Promise<Checked<BackendReference>> {
  const given = declared.endpoint ?? io.environment.get('OLLAMA_HOST') ?? '';
  const endpoint = normalizeEndpoint(given, ollamaEndpoint);
  if (!endpoint.ok) return endpoint;
  const store =
    declared.store === undefined
      ? await usualStore(endpoint.value, io)
      : expandHome(declared.store, io.environment);
  const id = endpoint.value;
  const files = declared.files === undefined ? {} : { files: declared.files };
  const reached = { endpoint: id, store, ...files, auth: auth ?? null };
  return checked({ host, id, type: 'ollama', name, ...reached });
}

/** Where an Ollama of this machine keeps its models, so that the room left there is known. */
async function usualStore(endpoint: string, { environment, files }: Io): Promise<string | null> {
  if (!isLoopbackEndpoint(endpoint)) return null;
  const moved = environment.get('OLLAMA_MODELS');
  const candidates = [
    ...(moved === undefined || moved === '' ? [] : [moved]),
    join(environment.homeFolder, '.ollama', 'models'),
    // The home of the user that Ollama's own installer makes for its service on Linux.
    '/usr/share/ollama/.ollama/models',
  ];
  for (const folder of candidates) {
    if ((await files.stat(folder).catch(() => null))?.kind === 'folder') return folder;
  }
  return null;
}

async function referLlamaServer(
  { host, name, auth, ...declared }: BackendDeclaration,
  io: Io,
): Promise<Checked<BackendReference>> {
  const endpoint = normalizeEndpoint(declared.endpoint ?? '', llamaServerEndpoint);
  if (!endpoint.ok) return endpoint;
  const id = endpoint.value;
  const store = await serverStore(io, id, declared.store ?? null);
  return checked({ host, id, type: 'llama-server', name, endpoint: id, store, auth: auth ?? null });
}

async function referEmbedded(
  { host, name, ...declared }: BackendDeclaration,
  io: Io,
): Promise<Checked<BackendReference>> {
  const store = await storePath(io, declared.store ?? null);
  const id = `embedded:${store}`;
  return checked({ host, id, type: 'embedded', name, endpoint: null, store, auth: null });
}

/** As the environment says it to all of its tools, where nothing is declared. */
async function referHuggingFace(
  { host, name, ...declared }: BackendDeclaration,
  io: Io,
): Promise<Checked<BackendReference>> {
  const store = await realStorePath(io, declared.store ?? cacheFolder(io.environment));
  const id = `huggingface:${store}`;
  return checked({ host, id, type: 'huggingface', name, endpoint: null, store, auth: null });
}

const expandHome = (path: string, { homeFolder }: Environment): string =>
  path.startsWith('~/') ? join(homeFolder, path.slice(2)) : path;
