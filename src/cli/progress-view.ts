// Shows a run while it goes on, in the way that suits where it is shown: bars that are redrawn on
// a terminal, lines in a log, JSON objects in a stream. It never decides and never fails a run.
import type { Plan } from '../core/plan.ts';
import type { ProgressEvent, Report } from '../core/progress.ts';
import type { Clock } from '../io/io.ts';
import { renderEntry } from '../render/changeset.ts';
import { eventObject } from '../render/event.ts';
import { renderActions } from '../render/plan.ts';
import { advance, noProgress, type ProgressState } from '../render/progress.ts';
import { renderBars } from '../render/progress-bars.ts';
import { renderEventLine } from '../render/progress-lines.ts';
import type { Output } from './output.ts';
import { createRedrawing } from './redrawing.ts';
import type { Terminal } from './terminal.ts';

export interface ProgressView {
  readonly report: Report;
  /** Takes down what is only for the moment. Must be called before results are printed. */
  readonly end: () => void;
}

export interface ProgressViewOptions {
  readonly output: Output;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Show the plan before it is carried out. */
  readonly showPlan: boolean;
  /** What is being done until there is a plan; null: that may be never, as in a loop. */
  readonly looking?: string | null;
}

const redrawMs = 100;
/** A person at a terminal sees a sign of life by then; a log only when it takes long. */
const lookingAfterMs = { tty: 150, log: 2000 };
/** How often the bytes of one action are told in an event stream. */
const byteEventMs = 200;

export function createProgressView(options: ProgressViewOptions): ProgressView {
  if (options.output.streaming) return createEventStream(options);
  const { terminal, clock, output, looking = 'Looking at the engines …' } = options;
  const bars = terminal.stderr.isTty && !output.quiet;
  const redrawing = createRedrawing(terminal.stderr);
  const ending = new AbortController();
  const waiting: string[] = [];
  let state = noProgress;

  const draw = (): void => {
    if (!bars) return;
    const lines = renderBars(state, clock.now(), {
      columns: terminal.stderr.columns() - 1,
      style: output.remarkStyle,
    });
    const isLooking = looking !== null && state.plan === null && lines.length === 0;
    redrawing.show(isLooking ? [looking] : lines);
  };
  const remark = (text: string): void => {
    redrawing.clear();
    output.remark(text);
  };
  const onPlanned = (plan: Plan): void => {
    for (const text of waiting.splice(0)) remark(text);
    if (options.showPlan && plan.actions.length > 0) {
      remark(`${renderActions(plan, { style: output.remarkStyle })}\n`);
    }
  };
  const report = (event: ProgressEvent): void => {
    const now = clock.now();
    const before = state;
    state = advance(state, event, now);
    if (event.kind === 'planned') onPlanned(event.plan);
    else if (event.kind === 'finished') {
      redrawing.clear();
      output.text(renderEntry(event.entry, { style: output.style, ...output.typed }));
    } else if (event.kind === 'problem') {
      redrawing.clear();
      output.problem(event.problem);
    } else if (event.kind === 'note' && state.plan === null && looking !== null)
      waiting.push(event.text);
    else if (alwaysTold.has(event.kind) || !bars) {
      const line = renderEventLine(event, before, state, now);
      if (line !== null) remark(line);
    }
  };
  keepAlive({
    bars,
    clock,
    signal: ending.signal,
    draw,
    onSlow: () => {
      if (state.plan === null && looking !== null) remark(looking);
    },
  });
  return {
    report,
    end: () => {
      ending.abort();
      redrawing.clear();
      for (const text of waiting.splice(0)) output.remark(text);
    },
  };
}

/** What bars do not show. */
const alwaysTold: ReadonlySet<ProgressEvent['kind']> = new Set(['note', 'revision', 'condition']);

interface Ticking {
  readonly bars: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly draw: () => void;
  /** A log is told once, when nothing has come of the look so far. */
  readonly onSlow: () => void;
}

/** Draws until the signal ends it. */
function keepAlive({ bars, clock, signal, draw, onSlow }: Ticking): void {
  const tick = async (): Promise<void> => {
    await clock.sleep(bars ? lookingAfterMs.tty : lookingAfterMs.log, signal);
    if (!bars) onSlow();
    while (bars) {
      draw();
      await clock.sleep(redrawMs, signal);
    }
  };
  // Rejects when the view ends, which is what it waits for.
  tick().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

function createEventStream({ output, clock }: ProgressViewOptions): ProgressView {
  let state: ProgressState = noProgress;
  const toldAt = new Map<string, number>();
  return {
    report: (event) => {
      const now = clock.now();
      state = advance(state, event, now);
      if (event.kind === 'bytes') {
        const complete = event.completedBytes >= event.totalBytes;
        if (!complete && now - (toldAt.get(event.action) ?? 0) < byteEventMs) return;
        toldAt.set(event.action, now);
      }
      output.event(eventObject(event));
    },
    end: () => toldAt.clear(),
  };
}
