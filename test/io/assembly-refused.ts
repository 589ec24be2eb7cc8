// A program that asks for a file where a folder stands, says what it was answered, and ends by itself.
import process from 'node:process';
import { errorCode } from '../../src/io/error-code.ts';
import { createNodeIo } from '../../src/io/node.ts';

const [folder = ''] = process.argv.slice(2);
const { files } = createNodeIo();
const options = { bytes: 10, chunkBytes: 10, present: [], onWritten: () => undefined };
try {
  await files.assemble(folder, options);
  process.stdout.write('opened\n');
} catch (error) {
  process.stdout.write(`${errorCode(error)}\n`);
}
