import { expect, test } from 'vitest';
import { parseSettings, parseState } from '../../src/supervisor/protocol.ts';

const settings = {
  name: 'gpu',
  endpoint: 'http://127.0.0.1:11434',
  program: 'ollama',
  arguments: ['serve'],
  environment: { A: '1', B: { env: 'TOKEN' } },
};
const state = {
  supervisor: { pid: 10, start: 'boot:1' },
  engine: null,
  program: 'ollama',
  arguments: ['serve'],
  phase: 'waiting',
  startedAt: 1,
  failures: 2,
  lastEnd: 'exit code 1',
};

test('a file that was written is read as it was', () => {
  expect(parseSettings(JSON.stringify(settings))).toEqual(settings);
  expect(parseState(JSON.stringify(state))).toEqual(state);
});

test.each([
  ['cut off', '{"name": "gp'],
  ['of another shape', '[]'],
  ['without a program', JSON.stringify({ ...settings, program: 1 })],
  ['with a secret that is none', JSON.stringify({ ...settings, environment: { A: { x: 1 } } })],
])('settings that are %s are none', (_how, text) => {
  expect(parseSettings(text)).toBeNull();
});

test.each([
  ['a process that is none', { ...state, supervisor: { pid: 0, start: null } }],
  ['a phase that is none', { ...state, phase: 'fine' }],
  ['an engine that is a whole group', { ...state, engine: { pid: -4, start: null } }],
])('a state with %s is none', (_how, value) => {
  expect(parseState(JSON.stringify(value))).toBeNull();
});
