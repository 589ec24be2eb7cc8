// A file that an engine does not start without.
import { expect, test } from 'vitest';
import { makeNeededFile } from '../../src/services/needed-file.ts';
import { createFakeIo } from '../fakes/io.ts';

const path = '/home/user/llama/models.ini';

test('is made empty where it is not there', async () => {
  const { files } = createFakeIo();
  await makeNeededFile({ neededFile: path }, { files });
  expect(await files.stat(path)).toMatchObject({ kind: 'file', bytes: 0 });
});

test('stays as it is where it is there', async () => {
  const { files } = createFakeIo();
  await files.writeAtomic(path, '[chat]\n');
  await makeNeededFile({ neededFile: path }, { files });
  expect(await files.stat(path)).toMatchObject({ bytes: 7 });
});
