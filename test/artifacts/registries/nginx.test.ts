// Routes, sources and the port for the web against a real server: ranges, mirrors, credentials, an
// authority of its own, a limit.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { declaredRoutes } from '../../../src/artifacts/registries/declared.ts';
import { httpsSource } from '../../../src/artifacts/sources/https/index.ts';
import type { RegistryResource } from '../../../src/core/resource.ts';
import { createNodeIo } from '../../../src/io/node.ts';
import { makeCertificates } from '../../fakes/certificates.ts';
import { type Nginx, startNginx } from '../../fakes/nginx.ts';
import { canRun } from '../../fakes/real-server.ts';
import { problemFrom } from '../world.ts';

const bytes = Buffer.from(Array.from({ length: 2_000_000 }, (_, index) => (index * index) % 253));
const hex = createHash('sha256').update(bytes).digest('hex');
const { signal } = new AbortController();
const started: Nginx[] = [];

afterEach(async () => {
  for (const nginx of started.splice(0)) await nginx.stop();
});

async function serve(...start: Parameters<typeof startNginx>): Promise<Nginx> {
  const nginx = await startNginx(...start);
  started.push(nginx);
  return nginx;
}

const withModel = (folder: string): void => writeFileSync(join(folder, 'files/m.gguf'), bytes);

/** Reads some of the model as a source does; null: all of it. */
async function read(
  spec: RegistryResource['spec'],
  variables: Readonly<Record<string, string>> = {},
  range: { readonly start: number; readonly end: number } | null = null,
): Promise<Buffer> {
  const node = createNodeIo();
  const get = (name: string): string | undefined => variables[name];
  const io = { ...node, environment: { ...node.environment, get } };
  const registry: RegistryResource = {
    apiVersion: 'modelctl.dev/v1alpha1',
    kind: 'Registry',
    metadata: { name: 'models' },
    spec,
    origin: { file: '/set/models.yaml', line: 1, column: 1 },
  };
  const manifests = { resources: [registry], locate: () => registry.origin };
  const routes = declaredRoutes({ manifests, bandwidth: undefined, io });
  const artifact = {
    source: `${spec.endpoint}/m.gguf#sha256=${hex}`,
    revision: `sha256:${hex}` as const,
    files: [{ path: 'm.gguf', bytes: bytes.length, digest: `sha256:${hex}` as const }],
    weights: `sha256:${hex}` as const,
    facts: {},
  };
  const [file] = artifact.files;
  if (file === undefined) throw new Error('the artifact has a file');
  const context = { io, folder: '/set', routes, signal };
  const part = range === null ? { signal } : { range, signal };
  const opened = await httpsSource.open(artifact, file, context).read(part);
  expect(opened.start).toBe(range?.start ?? 0);
  expect(opened.totalBytes).toBe(bytes.length);
  const chunks: Uint8Array[] = [];
  for await (const chunk of opened.bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe.runIf(canRun('nginx'))('from a real web server', () => {
  const origin = ({ port }: Nginx): string => `http://127.0.0.1:${port}`;

  it('a part is read', async () => {
    const nginx = await serve((folder) => (withModel(folder), {}));
    const part = await read({ endpoint: origin(nginx) }, {}, { start: 1000, end: 70_999 });
    expect(part.equals(bytes.subarray(1000, 71_000))).toBe(true);
  });

  it('a mirror without the file gives way to the endpoint, and one with it is enough', async () => {
    const full = await serve((folder) => (withModel(folder), {}));
    const empty = await serve(() => ({}));
    const spec = { endpoint: origin(full), mirrors: [`${origin(empty)}/models`] };
    expect((await read(spec)).equals(bytes)).toBe(true);
    const mirrored = { endpoint: 'https://unreachable.invalid', mirrors: [origin(full)] };
    expect((await read(mirrored)).equals(bytes)).toBe(true);
  });

  it('a password is asked for, and given by reference', async () => {
    const nginx = await serve((folder) => {
      withModel(folder);
      writeFileSync(join(folder, 'users'), 'team:{PLAIN}secret word\n');
      return { server: `auth_basic models; auth_basic_user_file ${folder}/users;` };
    });
    const endpoint = origin(nginx);
    const auth = { username: 'team', password: { env: 'PASSWORD' } };
    expect((await read({ endpoint, auth }, { PASSWORD: 'secret word' })).equals(bytes)).toBe(true);
    const refused = await problemFrom(read({ endpoint, auth }, { PASSWORD: 'other' }));
    expect(refused.code).toBe('source/unauthorized');
    expect(JSON.stringify(refused)).not.toContain('other');
  });

  it('a declared limit holds', async () => {
    const nginx = await serve((folder) => (withModel(folder), {}));
    const before = performance.now();
    await read({ endpoint: origin(nginx), bandwidth: { limit: '4MB/s' } });
    const seconds = (performance.now() - before) / 1000;
    // 2 MB at 4 MB/s, less what passes at once.
    expect(seconds).toBeGreaterThan(0.35);
    expect(seconds).toBeLessThan(2);
  });
});

describe.runIf(canRun('nginx', 'openssl'))('over TLS with an authority of its own', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'modelctl-authority-'));
    const { certificate, key } = makeCertificates(folder);
    writeFileSync(join(folder, 'chain.pem'), `${certificate}${key}`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('it is read where caBundle names that, and else the problem does', async () => {
    const nginx = await serve((files) => {
      withModel(files);
      const chain = join(folder, 'chain.pem');
      return { listen: 'ssl', server: `ssl_certificate ${chain}; ssl_certificate_key ${chain};` };
    });
    const endpoint = `https://localhost:${nginx.port}`;
    expect((await read({ endpoint, caBundle: join(folder, 'ca.pem') })).equals(bytes)).toBe(true);
    const problem = await problemFrom(read({ endpoint }));
    expect(problem.detail).toContain(`localhost:${nginx.port}`);
    expect(problem.remedy).toContain(`caBundle of a Registry for ${endpoint}`);
    expect(readFileSync(join(nginx.folder, 'error.log'), 'utf8')).not.toContain('emerg');
  });
});
