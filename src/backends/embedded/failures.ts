// What can go wrong between modelctl and the embedded engine's process, as problems. Pure.
import { errorProblem, type Problem } from '../../core/problem.ts';
import type { HttpError } from '../../io/io.ts';

export const engineLost = ({ reason }: HttpError): Problem =>
  errorProblem({
    code: 'backend/engine-lost',
    summary: 'The engine went away during a request',
    detail: `The embedded engine stopped answering in the middle of a request (${reason}).`,
    remedy: 'Apply again: it is started anew. Its log says more:\n\n    modelctl engine logs',
    retry: 'later',
  });
