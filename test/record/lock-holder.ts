// A program that takes the lock, says so, and holds it until it is told to let go or killed.
import { once } from 'node:events';
import process from 'node:process';
import { createNodeIo } from '../../src/io/node.ts';
import { acquireLock } from '../../src/record/lock.ts';

const [path = '', timeoutMs = '0'] = process.argv.slice(2);
const io = createNodeIo();
const holder = {
  pid: io.processes.pid,
  command: 'modelctl apply -f team.yaml',
  since: 1_900_000_000_000,
};
const request = { path, timeoutMs: Number(timeoutMs), holder };
const lock = await acquireLock(request, io, new AbortController().signal);
if (!lock.ok) {
  process.stdout.write(`refused ${lock.problems[0]?.code}\n`);
  process.exit(5);
}
process.stdout.write('held\n');
await once(process.stdin, 'data');
await lock.value.release();
process.stdout.write('released\n');
process.stdin.destroy();
