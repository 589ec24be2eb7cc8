// Randomness from the operating system.
import process from 'node:process';
import type { Random } from '../io.ts';

export const createNodeRandom = (): Random => ({
  fraction: () => randomBytes(4).readUInt32BE() / 2 ** 32,
  hex: (bytes) => randomBytes(bytes).toString('hex'),
});

/** Loaded on first use: node:crypto takes a fifth as long to load as all of Node to start. */
const randomBytes = (bytes: number): Buffer =>
  process.getBuiltinModule('node:crypto').randomBytes(bytes);
