// What the engine is to those who answer for it: its models on disk, its models in memory.
import type { OciStore } from '../artifacts/stores/oci/blobs.ts';
import type { Pool } from './pool.ts';
import type { EngineStatus } from './protocol.ts';

export interface Engine {
  readonly store: OciStore;
  readonly pool: Pool;
  readonly status: () => EngineStatus;
  /** Begins to stop; the process ends soon after. */
  readonly stop: () => void;
  readonly startedAt: number;
}
