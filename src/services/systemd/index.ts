// A service that systemd runs: our drop-in beside its unit holds the settings. What acts is loaded
// when it acts.
import type { Service } from '../../backends/backend.ts';
import { shownVariables } from '../setup.ts';
import { observe } from './observe.ts';
import type { SystemdSetup } from './setup.ts';

export const createSystemd = (setup: SystemdSetup, storeField: string | null): Service => ({
  fields: shownVariables(setup.environment),
  storeField,
  place: `${setup.scope} unit ${setup.unit}`,
  observe: (context) => observe(setup, context),
  perform: async (action, context) =>
    (await import('./perform.ts')).perform(setup, action, context),
});
