import { describe, expect, it } from 'vitest';
import type { HardwareTargetResource, HostResource } from '../../src/core/resource.ts';
import { identify, selects } from '../../src/resolve/host.ts';

const origin = { file: 'hosts.yaml', line: 1, column: 1 };

const hostOf = (name: string, spec: HostResource['spec'] = {}): HostResource => ({
  apiVersion: 'modelctl.dev/v1alpha1',
  kind: 'Host',
  metadata: { name },
  spec,
  origin,
});

const targetOf = (matchLabels: Record<string, string>): HardwareTargetResource => ({
  apiVersion: 'modelctl.dev/v1alpha1',
  kind: 'HardwareTarget',
  metadata: { name: 'target' },
  spec: { selector: { matchLabels } },
  origin,
});

const box = hostOf('box', { hostnames: ['box.example.com'], labels: { class: 'server' } });
const laptop = hostOf('laptop');

const selfOf = (hostname: string, named?: string) => {
  const identity = identify([box, laptop], { hostname, named });
  return identity.ok ? identity.value.self?.metadata.name : identity.problems[0]?.detail;
};

describe('who am I', () => {
  it('is the Host whose name or hostname the machine has, without case and domain', () => {
    expect(selfOf('laptop')).toBe('laptop');
    expect(selfOf('BOX.example.com')).toBe('box');
    expect(selfOf('laptop.home.arpa')).toBe('laptop');
  });

  it('is the Host that has the whole hostname, before one that has only its first part', () => {
    const hosts = [
      hostOf('web', { hostnames: ['web.a.example'] }),
      hostOf('shop', { hostnames: ['web.b.example'] }),
    ];
    const self = (hostname: string) => {
      const identity = identify(hosts, { hostname, named: undefined });
      return identity.ok ? identity.value.self?.metadata.name : identity.problems[0]?.code;
    };
    expect(self('web.a.example')).toBe('web');
    expect(self('web.b.example')).toBe('shop');
  });

  it('is nobody when two Hosts have the same hostname', () => {
    const hosts = [hostOf('one', { hostnames: ['box'] }), hostOf('two', { hostnames: ['BOX'] })];
    const identity = identify(hosts, { hostname: 'box', named: undefined });
    expect(identity).toMatchObject({ ok: false, problems: [{ code: 'resolve/unknown-host' }] });
  });

  it('is not a Host whose name merely begins alike', () => {
    expect(selfOf('laptop2')).toContain('Nothing is done');
  });

  it('is whom it is told to be, and nobody that is not declared', () => {
    expect(selfOf('laptop', 'box')).toBe('box');
    expect(selfOf('laptop', 'laptpo')).toContain('Did you mean laptop?');
  });

  it('needs no Host where none is declared', () => {
    const identity = identify([], { hostname: 'anything', named: undefined });
    expect(identity).toMatchObject({ ok: true, value: { self: null } });
  });
});

describe('a target', () => {
  it('selects a host that carries all its labels', () => {
    expect(selects(targetOf({ class: 'server' }), box)).toBe(true);
    expect(selects(targetOf({ class: 'server', gpu: 'yes' }), box)).toBe(false);
    expect(selects(targetOf({ class: 'server' }), laptop)).toBe(false);
  });
});
