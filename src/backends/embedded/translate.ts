// Between what is stored or runs and what the pipeline compares. Pure.

import { filesOf, type StoredImage } from '../../artifacts/stores/oci/image.ts';
import type { StoredName } from '../../artifacts/stores/oci/read.ts';
import type { LoadOptions } from '../../core/desired.ts';
import type { LoadedState, ObservedPlacement } from '../../core/observed.ts';
import type { RunningModel } from '../../engine/protocol.ts';
import { detailsOf } from '../images/identify.ts';

/** Null for a name that is not all there: it has to be made again. */
export function placementOf(
  stored: StoredName,
  running: readonly RunningModel[],
): ObservedPlacement | null {
  const { image } = stored;
  if (image === null || !stored.whole) return null;
  const model = running.find((one) => one.state === 'ready' && runs(one, image));
  return {
    name: stored.name,
    digest: stored.digest,
    bytes: image.layers.reduce((sum, layer) => sum + layer.bytes, 0),
    details: detailsOf(image),
    configured: stored.load,
    loaded: model === undefined ? null : loadedState(model, stored.name),
  };
}

/** Whether this is what a model in memory was loaded from. */
export const runs = (model: RunningModel, image: StoredImage): boolean =>
  model.files.join(' ') === filesOf(image).join(' ');

/** A name that holds nothing itself is in memory as long as others keep it there: not to stay. */
function loadedState(model: RunningModel, name: string): LoadedState {
  const hold = model.holds.find((one) => one.name === name);
  return {
    expiresAt: hold?.expiresAt ?? model.lastUsedAt,
    load: runningOptions(model),
    memoryBytes: model.memory.residentBytes + model.memory.vramBytes,
    vramBytes: model.memory.vramBytes,
    ownHold: hold !== undefined,
    inUse: model.inFlight + model.waiting > 0,
  };
}

/**
 * As asked for, where it was asked for: llama.cpp rounds contexts up and has fewer layers than some
 * ask for, which is no drift. What nobody asked for is told as it turned out.
 */
function runningOptions({ load, actual }: RunningModel): LoadOptions {
  const { keepAliveMs: _, ...asked } = load;
  if (actual === null) return asked;
  const { contextLength, trainedContextLength, gpuLayers, threads, parallel } = actual;
  const options = { contextLength, gpuLayers, threads, parallel, ...asked };
  return { ...options, contextLength: Math.min(options.contextLength, trainedContextLength) };
}
