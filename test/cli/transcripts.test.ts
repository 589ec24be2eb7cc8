// Every transcript in transcripts/ is what the built program says. `npm run test:update` writes
// down what it says now; the difference is reviewed like code.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import { replay } from './transcript.ts';

const folder = fileURLToPath(new URL('transcripts/', import.meta.url));

const names = readdirSync(folder).filter((name) => name.endsWith('.md'));

test.concurrent.for(names)('%s is what is said and done', async (name, { expect }) => {
  const text = readFileSync(`${folder}${name}`, 'utf8');
  await expect(await replay(text)).toMatchFileSnapshot(`${folder}${name}`);
});
