// From what an engine and a transfer tell to the events of one action: one number for all its files,
// which never falls, the file that is on its way, and what waits and why, told once.
import type { ArtifactFile } from './core/artifact.ts';
import type { Action } from './core/plan.ts';
import type { FileProgress, OnWait, Report, Wait } from './core/progress.ts';
import type { Clock } from './io/io.ts';

interface Tell {
  readonly onBytes: (completedBytes: number, totalBytes: number) => void;
  readonly onWait: OnWait;
}

export interface ActionProgress {
  readonly onBytes: Tell['onBytes'];
  /** Runs the work on one file; `onBytes` counts its bytes towards those of the action. */
  readonly ofFile: <T>(
    file: ArtifactFile,
    onBytes: (completedBytes: number) => void,
    work: (tell: Tell) => Promise<T>,
  ) => Promise<T>;
}

/** Waits of one kind that end so close to each other are one: several connections wait at a time. */
const sameWaitMs = 5_000;

/** Of one attempt. */
export function actionProgress(
  { id }: Pick<Action, 'id'>,
  { report, clock }: { readonly report: Report; readonly clock: Pick<Clock, 'now'> },
): ActionProgress {
  let toldBytes = 0;
  let file: FileProgress | null = null;
  let told: Wait | null = null;
  return {
    onBytes: (completedBytes, totalBytes) => {
      toldBytes = Math.max(toldBytes, completedBytes);
      const bytes = { completedBytes: toldBytes, totalBytes };
      report({ kind: 'bytes', action: id, ...bytes, ...(file === null ? {} : { file }) });
    },
    ofFile: async ({ path }, onBytes, work) => {
      try {
        return await work({
          onBytes: (completedBytes, totalBytes) => {
            file = { path, completedBytes, totalBytes };
            onBytes(completedBytes);
          },
          onWait: (wait) => {
            if (told !== null && isSame(told, wait, clock.now())) return;
            told = wait;
            report({ kind: 'waiting', action: id, wait });
          },
        });
      } finally {
        file = null;
      }
    },
  };
}

function isSame(told: Wait, wait: Wait, now: number): boolean {
  if (told.because !== wait.because || told.detail !== wait.detail) return false;
  if (told.until === null || wait.until === null) return told.until === wait.until;
  return told.until > now && wait.until - told.until < sameWaitMs;
}
