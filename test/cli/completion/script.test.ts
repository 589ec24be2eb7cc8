import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completionScript } from '../../../src/cli/completion/script.ts';
import type { InventoryEntry } from '../../../src/core/inventory.ts';
import { createNodeIo } from '../../../src/io/node.ts';
import { openLedger } from '../../../src/record/ledger.ts';

const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const backend = 'http://127.0.0.1:11434';

let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modelctl-completion-'));
  const command = join(folder, 'modelctl');
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  chmodSync(command, 0o755);
  writeFileSync(join(folder, 'models.yaml'), '');
  writeFileSync(
    join(folder, 'chat.yaml'),
    'apiVersion: modelctl.dev/v1alpha1\nkind: Model\nmetadata: { name: chat }\nspec: { source: "qwen3:8b" }\n',
  );
  writeFileSync(
    join(folder, 'hub.yaml'),
    [
      'kind: Registry\nmetadata: { name: hub }\nspec: { endpoint: "https://hub.example.com" }',
      'kind: Backend\nmetadata: { name: mine }\nspec: { type: embedded }',
    ]
      .map((text) => `apiVersion: modelctl.dev/v1alpha1\n${text}\n`)
      .join('---\n'),
  );
  const staging = join(folder, 'home', 'cache', 'staging');
  mkdirSync(staging, { recursive: true });
  writeFileSync(join(staging, 'a'.repeat(64)), 'arrived');
  writeFileSync(join(staging, `${'b'.repeat(64)}.partial`), 'arriv');
  await recordOwned('coder:latest', 'qwen3:8b');
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Puts names into the ledger, as a run does that made them. */
async function recordOwned(...names: readonly string[]): Promise<void> {
  const path = join(folder, 'home', 'state', 'ledger.db');
  const ledger = await openLedger({ path, mode: 'write' }, createNodeIo());
  const entries = names.map(
    (name): InventoryEntry => ({
      set: 'set',
      host: 'local',
      backend,
      name,
      model: 'coder',
      role: 'model',
      digest: null,
      made: null,
      adopted: false,
      residency: 'stored',
      prune: 'Delete',
      base: null,
    }),
  );
  ledger.beginRun({ set: 'set', location: folder, engine: null, backends: [], entries });
  ledger.close();
}

/** What bash would offer with the cursor behind `line`; nothing answers on any port. */
function offered(line: string): readonly string[] {
  const script = [
    completionScript('bash'),
    'COMP_LINE="$1" COMP_POINT=${#1}',
    '_modelctl',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script, 'bash', line], {
    cwd: folder,
    env: {
      PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
      MODELCTL_HOME: join(folder, 'home'),
      OLLAMA_HOST: '127.0.0.1:1',
    },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((text) => text !== '');
}

const hasBash = spawnSync('bash', ['--version']).status === 0;

describe.runIf(hasBash)('in bash', () => {
  test('commands, flags and values are offered', () => {
    expect(offered('modelctl ap')).toEqual(['apply', 'approve']);
    expect(offered('modelctl plan --det')).toEqual(['--detailed-exitcode']);
    expect(offered('modelctl get -o w')).toEqual(['wide']);
    expect(offered('modelctl explain model.spec.runtime.con')).toEqual([
      'model.spec.runtime.contextLength',
    ]);
  });

  test('a value behind an equals sign is what stands behind it', () => {
    expect(offered('modelctl get --output=w')).toEqual(['wide']);
  });

  test('files are offered where a file is meant', () => {
    expect(offered('modelctl apply -f mod')).toContain('models.yaml');
    expect(offered('modelctl get mod')).not.toContain('models.yaml');
  });

  test('names come from the ledger, with no engine and no daemon running', () => {
    expect(offered('modelctl run ')).toEqual(['coder:latest', 'qwen3:8b', 'coder']);
    expect(offered('modelctl approve q')).toEqual(['qwen3:8b']);
  });

  test('Models come from the manifests that were named, else from the ledger', () => {
    expect(offered('modelctl update -f chat.yaml ')).toEqual(['chat']);
    expect(offered('modelctl outdated --filename=nothing.yaml ')).toEqual([]);
    expect(offered('modelctl outdated ')).toEqual(['coder']);
  });

  test('transfers, and what else get lists, are offered by their own names', () => {
    expect(offered('modelctl get transfers ').toSorted()).toEqual(['aaaaaaaaaaaa', 'bbbbbbbbbbbb']);
    expect(offered('modelctl cancel ')).toEqual(['bbbbbbbbbbbb']);
    expect(offered('modelctl get registries -f hub.yaml ')).toEqual(['hub']);
    expect(offered('modelctl get backends -f hub.yaml ')).toEqual(['mine']);
    expect(offered('modelctl get registries ')).toEqual([]);
    expect(offered('modelctl get sets ')).toEqual(['set']);
  });

  test('of a name with a tag only what stands behind the colon is offered', () => {
    expect(offered('modelctl run qwen3:')).toEqual(['8b']);
  });
});

describe('a completion script', () => {
  test.each(['bash', 'zsh', 'fish'] as const)(
    'for %s asks the program and knows no command',
    (shell) => {
      const script = completionScript(shell);
      expect(script).toContain('__complete --');
      expect(script).not.toContain('--detailed-exitcode');
    },
  );
});
