// When is an engine that ended started again? Pure. Full jitter, so that several engines that went
// down together do not come up together; a long healthy life makes all earlier failures forgotten.

/** Started again so often in a row: somebody should look, while it goes on being tried. */
const crashLoopFailures = 5;
/** A life as long as this was no failure of the settings. */
const healthyMs = 60_000;

const delayMsFirst = 500;
const delayMsMax = 60_000;

export interface Restart {
  readonly failures: number;
  readonly delayMs: number;
  readonly phase: 'waiting' | 'crash-loop';
}

/** `fraction` is in [0, 1). */
export function restartAfter(failures: number, livedMs: number, fraction: number): Restart {
  const counted = livedMs >= healthyMs ? 1 : failures + 1;
  const ceiling = Math.min(delayMsMax, delayMsFirst * 2 ** Math.min(counted - 1, 16));
  return {
    failures: counted,
    delayMs: Math.round(ceiling * fraction),
    phase: counted >= crashLoopFailures ? 'crash-loop' : 'waiting',
  };
}
