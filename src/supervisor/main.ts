// The program that keeps one engine running: started by services/managed, outlives whoever started
// it, and ends, with the engine, on SIGTERM.
import process from 'node:process';
import { assert } from '../core/assert.ts';
import { supervise } from './supervise.ts';

const [, , folder] = process.argv;
assert(folder !== undefined, 'usage: main FOLDER');
await supervise(folder);
