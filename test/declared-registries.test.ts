import { describe, expect, it } from 'vitest';
import type { RegistryResource, Resource } from '../src/core/resource.ts';
import { declaredRegistries } from '../src/declared-registries.ts';

const origin = { file: '/m.yaml', line: 1, column: 1 };
const registry = (spec: RegistryResource['spec']): Resource => ({
  apiVersion: 'modelctl.dev/v1alpha1',
  kind: 'Registry',
  metadata: { name: 'hub' },
  spec,
  origin,
});
const machine: Resource = {
  apiVersion: 'modelctl.dev/v1alpha1',
  kind: 'Host',
  metadata: { name: 'here' },
  spec: { hostnames: ['here'], bandwidth: { limit: '5MB/s', connections: 4 } },
  origin,
};
const self = { named: undefined, hostname: 'here' };
const noon = Date.UTC(2030, 0, 1, 12);
const night = Date.UTC(2030, 0, 1, 23);
const full = registry({
  endpoint: 'https://huggingface.co',
  mirrors: [
    'https://mirror.example.com/hf',
    {
      url: 'https://other.example.com',
      auth: { username: 'team', password: { file: '/run/secrets/other' } },
    },
  ],
  auth: { token: { env: 'HF_TOKEN' } },
  proxy: { env: 'MODEL_PROXY' },
  bandwidth: {
    limit: '20MB/s',
    connections: 8,
    windows: [{ from: '22:00', to: '06:00', limit: 'paused' }],
  },
});

describe('a declared registry', () => {
  it('is told with where its secrets stand, and with what holds now', () => {
    expect(declaredRegistries({ resources: [full] }, self, noon)).toEqual([
      {
        name: 'hub',
        endpoint: 'https://huggingface.co',
        mirrors: [
          { url: 'https://mirror.example.com/hf', auth: null },
          {
            url: 'https://other.example.com',
            auth: 'team, password from file /run/secrets/other',
          },
        ],
        auth: 'token from variable HF_TOKEN',
        proxy: 'from variable MODEL_PROXY',
        caBundle: null,
        connections: 8,
        bytesPerSecond: 20_000_000,
      },
    ]);
  });

  it.each([
    ['of a window', [full], night, 0],
    ['of the machine, where that is less', [full, machine], noon, 5_000_000],
    ['of nobody', [registry({ endpoint: 'https://huggingface.co' })], noon, Infinity],
  ])('has the limit %s', (_, resources, now, bytesPerSecond) => {
    expect(declaredRegistries({ resources }, self, now)[0]?.bytesPerSecond).toBe(bytesPerSecond);
  });
});
