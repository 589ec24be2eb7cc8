// Assertions state what must hold if our own code is right. A failed one is a bug of ours: it
// crosses every stage uncaught and ends the process with exit code 70.

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
