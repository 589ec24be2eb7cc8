// A program that writes to a ledger as fast as it can and says after each step what must be on
// record from then on. The test kills it in the middle.
import process from 'node:process';
import { createNodeIo } from '../../src/io/node.ts';
import { openLedger } from '../../src/record/ledger.ts';
import { action, change, entry, scope } from './record-values.ts';

const [path = '', first = '0'] = process.argv.slice(2);
const io = createNodeIo();
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

const ledger = await openLedger({ path, mode: 'write' }, io);
if (ledger.problem !== null) throw new Error(ledger.problem.detail);
say('opened');
for (let number = Number(first); ; number += 1) {
  const name = `model-${number}`;
  const pull = action('pull', name);
  const run = ledger.beginRun({ ...scope(), entries: [entry(name, { digest: null })] });
  say(`planned ${name}`);
  run.openIntent(pull, io.clock.now());
  say(`begun ${name}`);
  run.closeIntent(change(pull), { entry: entry(name) }, io.clock.now());
  say(`done ${name}`);
  // Lets the output go, and the signal come, between two steps.
  await io.clock.sleep(0);
}
