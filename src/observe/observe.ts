// Stage 3: what is really there. All engines are asked at the same time, and each answers for
// itself: one that is down is `unreachable`, never empty, and never keeps the others waiting.
import type { Backend, Question, Service } from '../backends/backend.ts';
import type { Artifact } from '../core/artifact.ts';
import type { Desired } from '../core/desired.ts';
import type { Digest } from '../core/digest.ts';
import type { LedgerView } from '../core/inventory.ts';
import { backendKey } from '../core/key.ts';
import type { BackendObservation, Observed } from '../core/observed.ts';
import { errorProblem, ProblemError } from '../core/problem.ts';
import type { ObservedService } from '../core/service.ts';
import { HttpError, type Io } from '../io/io.ts';

interface Context {
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** One slow engine must not stop a run: beyond this it counts as unreachable. */
const observeTimeoutMs = 30_000;

export async function observe(
  engines: ReadonlyMap<string, Observable>,
  desired: Desired,
  ledger: LedgerView,
  context: Context,
): Promise<Observed> {
  const questions = questionsOf(engines.keys(), desired, ledger);
  const answers = await Promise.all(
    [...engines].map(async ([key, engine]) => {
      const question = questions.get(key) ?? emptyQuestion;
      return [key, await observeWithService(engine, question, context)] as const;
    }),
  );
  return { backends: new Map(answers) };
}

interface Observable {
  readonly backend: Backend;
  readonly service?: Service;
}

/** How it is run is asked after what it holds: who runs it is of interest if it answers, and if not. */
async function observeWithService(
  { backend, service }: Observable,
  question: Question,
  context: Context,
): Promise<BackendObservation> {
  const seen = await observeOne(backend, question, context);
  if (service === undefined) return seen;
  const run = await observeService(service, seen.kind === 'reachable', context);
  return seen.kind === 'unreachable'
    ? { ...seen, problem: run.problem ?? seen.problem, service: run }
    : { ...seen, service: run };
}

/** What cannot be told now stands in the way of every change. */
async function observeService(
  service: Service,
  answers: boolean,
  context: Context,
): Promise<ObservedService> {
  try {
    return await service.observe({ ...context, answers });
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof ProblemError)) throw error;
    const { detail, remedy = 'It is looked at again with the next run.' } = error.problem;
    return {
      written: null,
      recorded: null,
      untried: false,
      running: 'unknown',
      unattended: false,
      problem: null,
      obstacle: { because: 'unsupported', detail, remedy },
    };
  }
}

/** Asks one engine nothing but what it holds. */
export const emptyQuestion: Question = {
  detailsOf: new Set(),
  remembered: new Map(),
  wanted: new Map(),
};

export async function observeOne(
  backend: Backend,
  question: Question,
  { io, signal }: Context,
): Promise<BackendObservation> {
  const answered = new AbortController();
  const limit = new AbortController();
  io.clock.sleep(observeTimeoutMs, answered.signal).then(
    () => limit.abort(),
    () => undefined, // it answered in time
  );
  try {
    return await backend.observe(question, { io, signal: AbortSignal.any([signal, limit.signal]) });
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof ProblemError) return { kind: 'unreachable', problem: error.problem };
    if (!(error instanceof HttpError) && !limit.signal.aborted) throw error;
    const problem = errorProblem({
      code: 'backend/unreachable',
      summary: 'An engine does not answer',
      detail: `${backend.label} gave no answer${limit.signal.aborted ? ` within ${observeTimeoutMs / 1000} s` : ''}.`,
      remedy: 'Start it, or correct its endpoint.',
      retry: 'later',
    });
    return { kind: 'unreachable', problem };
  } finally {
    answered.abort();
  }
}

interface GrowingQuestion extends Question {
  readonly detailsOf: Set<string>;
  readonly wanted: Map<string, { artifact: Artifact; digest: Digest | null }>;
}

function questionsOf(
  keys: Iterable<string>,
  desired: Desired,
  ledger: LedgerView,
): ReadonlyMap<string, Question> {
  const questions = new Map<string, GrowingQuestion>();
  for (const key of keys) {
    const remembered = ledger.details.get(key) ?? new Map();
    questions.set(key, { detailsOf: new Set(), remembered, wanted: new Map() });
  }
  for (const placement of desired.placements.values()) {
    const question = questions.get(backendKey(placement));
    if (question === undefined) continue;
    const { name, build, artifact, digest, residency } = placement;
    // What nobody is going to bring is not asked for: those questions would come with every run.
    if (build.kind === 'source' && residency !== 'optional') {
      question.wanted.set(name, { artifact, digest });
    }
    if (build.kind === 'derive' && digest === null) question.detailsOf.add(name).add(build.base);
  }
  return questions;
}
