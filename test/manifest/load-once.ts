// Loads the file that is named on the command line and prints how much memory that took at most.
import { createNodeIo } from '../../src/io/node.ts';
import { load } from '../../src/manifest/load.ts';

const loaded = await load(process.argv.slice(2), createNodeIo(), new AbortController().signal);
const models = loaded.ok ? loaded.value.resources.length : 0;
console.log(JSON.stringify({ models, peakBytes: process.resourceUsage().maxRSS * 1024 }));
