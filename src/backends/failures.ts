// What can go wrong with an action on any engine, as problems. Pure.
import { type Digest, shortDigest } from '../core/digest.ts';
import { errorProblem, type Problem } from '../core/problem.ts';

export const changedMeanwhile = (name: string, found: Digest | null): Problem =>
  errorProblem({
    code: 'backend/changed-meanwhile',
    summary: 'What is there is not what was planned for',
    detail:
      `${name} ${found === null ? 'is gone' : `holds ${shortDigest(found)}`} now, which is not ` +
      'what the plan was made for. It was left alone.',
    remedy: 'Plan again, and look at what changed.',
    retry: 'later',
  });

export const interrupted = (name: string): Problem =>
  errorProblem({
    code: 'backend/interrupted',
    summary: 'The work was interrupted',
    detail: `The work on ${name} was ended by a signal.`,
    remedy: 'Apply again to go on.',
    retry: 'later',
  });
