import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import type { CommandContext } from '../../src/cli/command-context.ts';
import { createOutput } from '../../src/cli/output.ts';
import { readSavedPlan, savePlan } from '../../src/cli/saved-plan.ts';
import { ProblemError } from '../../src/core/problem.ts';
import { createFakeIo, type FakeIo } from '../fakes/io.ts';
import { fullPlan } from '../render/plan-values.ts';
import { createBufferTerminal } from './buffer-terminal.ts';

function contextWith(io: FakeIo): CommandContext {
  const terminal = createBufferTerminal();
  const parsed = parseArguments(['plan', '-f', 'x']);
  if (!parsed.ok) throw new Error('the flags are wrong');
  const given = parsed.value;
  const output = createOutput({ terminal, given, version: '1.2.3', program: 'modelctl' });
  return {
    given,
    output,
    terminal,
    io: async () => io,
    signal: new AbortController().signal,
    version: '1.2.3',
    program: 'modelctl',
    packageFolder: '/package',
  };
}

const request = { inputs: ['models.yaml', '/abs/*.yaml'], prune: true, targets: ['coder'] };

/** What the file holds after `change`, as data. */
async function saved(io: FakeIo): Promise<Record<string, unknown>> {
  const bytes = await io.files.readBytes('/home/user/models/plan.json', 1_000_000);
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}

async function outcome(io: FakeIo): Promise<string> {
  try {
    const read = await readSavedPlan('plan.json', contextWith(io));
    return `read ${JSON.stringify(read.inputs)}`;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return error.problem.code;
  }
}

describe('a saved plan', () => {
  test('holds the request, with inputs that mean the same from everywhere, and the fingerprint', async () => {
    const io = createFakeIo();
    await savePlan('plan.json', request, fullPlan, contextWith(io));
    expect(await readSavedPlan('plan.json', contextWith(io))).toEqual({
      inputs: ['/home/user/models/models.yaml', '/abs/*.yaml'],
      prune: true,
      targets: ['coder'],
      expectedFingerprint: fullPlan.fingerprint,
    });
  });

  test('of another version is refused', async () => {
    const io = createFakeIo();
    await savePlan('plan.json', request, fullPlan, contextWith(io));
    const other = { ...(await saved(io)), apiVersion: 'modelctl.dev/v9' };
    await io.files.writeAtomic('/home/user/models/plan.json', JSON.stringify(other));
    expect(await outcome(io)).toBe('cli/saved-plan');
  });

  test('that asks for more than a plan can is refused', async () => {
    const io = createFakeIo();
    await savePlan('plan.json', request, fullPlan, contextWith(io));
    const before = await saved(io);
    for (const change of [
      { mode: 'apply' },
      { lockTimeoutMs: 5 },
      { expectedFingerprint: 'sha256:x' },
      { inputs: 'models.yaml' },
      { prune: 'yes' },
      { allowEvictions: 1.5 },
      { targets: [1] },
    ]) {
      const changed = { ...before, request: { ...(before['request'] as object), ...change } };
      await io.files.writeAtomic('/home/user/models/plan.json', JSON.stringify(changed));
      expect(await outcome(io)).toBe('cli/saved-plan');
    }
  });

  test('that is anything else is refused, and never a crash', async () => {
    const io = createFakeIo();
    expect(await outcome(io)).toBe('cli/saved-plan');
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        await io.files.writeAtomic('/home/user/models/plan.json', text);
        expect(await outcome(io)).toBe('cli/saved-plan');
      }),
      { numRuns: 200 },
    );
  });
});
