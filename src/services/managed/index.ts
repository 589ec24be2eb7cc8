// A service that modelctl runs itself: a supervisor of ours keeps the engine running. What acts is
// loaded when it acts.
import type { Service } from '../../backends/backend.ts';
import type { Io } from '../../io/io.ts';
import { managedFields, observe } from './observe.ts';
import { folderOf } from './place.ts';
import type { ManagedSetup } from './setup.ts';

export function createManaged(setup: ManagedSetup, storeField: string | null, io: Io): Service {
  const folder = folderOf(setup.endpoint, io);
  return {
    fields: managedFields(setup),
    storeField,
    place: folder,
    observe: (context) => observe(setup, folder, context),
    perform: async (action, context) =>
      (await import('./perform.ts')).perform(setup, folder, action, context),
  };
}
