// A unit of the machine, seen by somebody who may not write there: what is held, and the commands.
import { expect, test } from 'vitest';
import { createSystemd } from '../../src/services/systemd/index.ts';
import { createFakeIo, type FakeIo } from '../fakes/io.ts';

const unit = 'ollama.service';
const folder = '/etc/systemd/system';

function world(access: 'none' | 'write'): FakeIo {
  const io = createFakeIo();
  io.processes.onRun((program, given) =>
    program === 'systemctl' && given.includes('show')
      ? {
          kind: 'ended',
          code: 0,
          output: 'LoadState=loaded\nActiveState=active\nMainPID=0\n',
          errors: '',
        }
      : { kind: 'absent' },
  );
  return { ...io, files: { ...io.files, accessTo: async () => access } };
}

const serviceWith = (environment: Record<string, string | { env: string }>) =>
  createSystemd(
    {
      name: 'ollama',
      label: 'Ollama at http://127.0.0.1:11434',
      endpoint: 'http://127.0.0.1:11434',
      environment,
      unit,
      scope: 'system',
      isHealthy: async () => true,
    },
    null,
  );

const contextOf = (io: FakeIo) => ({ io, signal: new AbortController().signal, answers: true });

test('names the exact commands to whoever may not write there', async () => {
  const io = world('none');
  const seen = await serviceWith({ OLLAMA_NUM_PARALLEL: '4' }).observe(contextOf(io));
  expect(seen.obstacle).toEqual({
    because: 'needs-privilege',
    detail: `Only root may write ${folder}/${unit}.d/50-modelctl.conf and restart ${unit}.`,
    remedy: [
      'Run as root:\n',
      `    sudo mkdir -p ${folder}/${unit}.d`,
      `    sudo tee ${folder}/${unit}.d/50-modelctl.conf >/dev/null <<'END'`,
      '    # Written by modelctl: changes are undone by its next run.',
      '    [Service]',
      '    Environment="OLLAMA_NUM_PARALLEL=4"',
      '    END',
      '    sudo systemctl daemon-reload',
      `    sudo systemctl restart ${unit}`,
    ].join('\n'),
  });
});

test('prints no secret, and writes nothing without the right to', async () => {
  const io = world('none');
  io.variables['TOKEN'] = 'hush';
  const service = serviceWith({ TOKEN: { env: 'TOKEN' } });
  const seen = await service.observe(contextOf(io));
  expect(seen.obstacle?.remedy).not.toContain('hush');
  const action = {
    kind: 'configure',
    id: 'configure|local|ollama|*',
    host: 'local',
    backend: 'ollama',
    name: '*',
    model: 'ollama',
    reason: 'missing',
    because: 'It is not set up.',
    bytes: { download: 0, disk: 0, memory: null },
    after: [],
    changes: [],
  } as const;
  const performed = await service.perform(action, contextOf(io));
  expect(performed).toMatchObject({
    outcome: 'failed',
    problem: { code: 'service/needs-privilege' },
  });
  expect(io.effects.done.filter(({ kind }) => kind !== 'run')).toEqual([]);
});

test('has nothing in its way where it may', async () => {
  const io = world('write');
  expect((await serviceWith({ A: '1' }).observe(contextOf(io))).obstacle).toBeNull();
});

test('says so where there is no systemd', async () => {
  const io = createFakeIo();
  await expect(serviceWith({ A: '1' }).observe(contextOf(io))).rejects.toThrow('systemd');
});
