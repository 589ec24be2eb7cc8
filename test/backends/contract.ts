// What every engine must do behind the Backend interface, whatever it is made of. Run against the
// fake server of an engine, and the same against a live one; `setup` builds a world for each test,
// `Traits` says where engines may differ.
import { afterEach, describe } from 'vitest';
import type { Bench, Traits } from './bench.ts';
import { contentContract, recipeContract } from './content-contract.ts';
import { downContract, lookContract, refusalContract } from './look-contract.ts';
import { memoryContract } from './memory-contract.ts';

export type { Bench, Subject, Traits } from './bench.ts';

export function backendContract(name: string, setup: () => Promise<Bench>, traits: Traits): void {
  describe(`${name} keeps the contract of a backend and`, () => {
    const open: Bench[] = [];
    const world = async (): Promise<Bench> => {
      const bench = await setup();
      open.push(bench);
      return bench;
    };
    afterEach(async () => {
      for (const bench of open.splice(0)) await bench.cleanUp();
    });
    contentContract(world);
    if (traits.derives) recipeContract(world);
    if (traits.loads) memoryContract(world);
    lookContract(world, traits);
    if (traits.goesDown) downContract(world);
    if (traits.refusedRuntime !== null) refusalContract(world, traits.refusedRuntime);
  });
}
