// Which values of a process' environment may be shown.
import { expect, test } from 'vitest';
import { shownEnvironment, type Variables } from '../../src/services/setup.ts';
import { createFakeIo } from '../fakes/io.ts';

const shown = (environment: Record<string, string>, wanted: Variables, written: Variables = {}) =>
  shownEnvironment(
    environment,
    { wanted, written },
    createFakeIo({ variables: { TOKEN: 'hush' } }),
  );
const secret = { env: 'TOKEN' };

test('what is asked for or was written, and nothing else', async () => {
  const environment = { A: '1', B: '2', PATH: '/bin' };
  expect(await shown(environment, { A: '7' }, { B: '2' })).toEqual({ A: '1', B: '2' });
});

test('a secret as where it is read from, when it is that one', async () => {
  expect(await shown({ A: 'hush' }, { A: secret })).toEqual({ A: 'from the variable TOKEN' });
  expect(await shown({ A: 'other' }, { A: secret })).toEqual({ A: 'another value' });
});

test('no difference for a secret that cannot be read now', async () => {
  const gone = { env: 'GONE' };
  expect(await shown({ A: 'hush' }, { A: gone })).toEqual({ A: 'from the variable GONE' });
});

test('never what was a secret and is to be something else, or nothing', async () => {
  expect(await shown({ A: 'hush' }, { A: '1' }, { A: secret })).toEqual({ A: 'another value' });
  expect(await shown({ A: 'hush' }, {}, { A: secret })).toEqual({ A: 'another value' });
});
