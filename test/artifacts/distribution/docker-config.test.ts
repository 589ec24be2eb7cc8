import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dockerCredentials } from '../../../src/artifacts/distribution/docker-config.ts';
import { ProblemError } from '../../../src/core/problem.ts';
import { createWorld, matching, problemFrom } from '../world.ts';

const { signal } = new AbortController();
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** What is known of a host from a config.json with this in it. */
function lookUp(host: string, config: unknown, options: { readonly inHome?: boolean } = {}) {
  const { io, folder } = createWorld();
  const home = options.inHome === true;
  const at = home ? join(folder, '.docker') : folder;
  mkdirSync(at, { recursive: true });
  if (config !== undefined) {
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    writeFileSync(join(at, 'config.json'), text);
  }
  const environment = {
    ...io.environment,
    homeFolder: folder,
    get: (name: string) => (name === 'DOCKER_CONFIG' && !home ? folder : undefined),
  };
  return dockerCredentials(host, { ...io, environment })(signal);
}

const host = 'registry.example.com:5000';
const me = { kind: 'basic', username: 'me', password: 'a:b' };

describe("docker's configuration", () => {
  it.each<[string, string, unknown, unknown]>([
    ['a pair in base64', host, { auths: { [host]: { auth: base64('me:a:b') } } }, me],
    ['a pair in the clear', host, { auths: { [host]: { username: 'me', password: 'a:b' } } }, me],
    [
      'an address as a key',
      host,
      { auths: { [`https://${host}/v1/`]: { auth: base64('me:a:b') } } },
      me,
    ],
    [
      'the old address of its own registry',
      'registry-1.docker.io',
      { auths: { 'https://index.docker.io/v1/': { auth: base64('me:a:b\u0000') } } },
      me,
    ],
    [
      'a token to get tokens with',
      host,
      { auths: { [host]: { auth: base64('x:y'), identitytoken: 't' } } },
      { kind: 'refresh', token: 't' },
    ],
    [
      'a token for the registry',
      host,
      { auths: { [host]: { registrytoken: 't' } } },
      { kind: 'bearer', token: 't' },
    ],
    [
      'nothing of the host',
      host,
      { auths: { 'example.com:5000': { auth: base64('me:a:b') } } },
      null,
    ],
    ['no colon', host, { auths: { [host]: { auth: base64('me') } } }, null],
    ['other shapes', host, { auths: { [host]: 7 } }, null],
    ['no auths', host, { auths: [] }, null],
    ['no file', host, undefined, null],
  ])('is read with %s', async (_, of, config, credentials) => {
    expect((await lookUp(of, config)).credentials).toEqual(credentials);
    expect((await lookUp(of, config, { inHome: true })).credentials).toEqual(credentials);
  });

  it('that cannot be read is a problem, without its content', async () => {
    const problem = await problemFrom(lookUp(host, '{"auths": hunter2'));
    expect(problem).toMatchObject({ code: 'source/credentials', detail: matching('config.json') });
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });

  it('is not looked for where the system knows no home', async () => {
    const { io } = createWorld();
    const environment = {
      ...io.environment,
      get: () => undefined,
      get homeFolder(): string {
        throw new ProblemError({
          severity: 'error',
          retry: 'never',
          code: 'x',
          summary: 'x',
          detail: 'x',
        });
      },
    };
    const look = dockerCredentials(host, { ...io, environment });
    expect((await look(signal)).credentials).toBeNull();
  });
});
