// A real registry (Debian's docker-registry) with an empty store, and a client that pushes to it as
// the distribution specification has it. It may ask for a user name, or for tokens of a realm that
// runs in the test itself.
import { execFileSync } from 'node:child_process';
import { createPrivateKey, sign } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { imageManifest, type OciImage, usualConfig } from './oci-image.ts';
import { startServer } from './real-server.ts';
import { digestOf } from './registry-store.ts';

export const user = { name: 'reader', password: 'open:sesame' } as const;
/** What `htpasswd -nbB -C 4` prints for them. */
const htpasswd = 'reader:$2y$04$abcdefghijklmnopqrstuu2GbQLdjwBFdH8CcOE866nGziodmvO8K';
export const basicHeader = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;

export interface RealRegistry {
  /** As in a reference: `127.0.0.1:41234`. */
  readonly host: string;
  /** Publishes under a tag, or moves it; gives the digest of the manifest. */
  readonly push: (name: string, tag: string, image: OciImage) => Promise<`sha256:${string}`>;
  readonly remove: (name: string, digest: string) => Promise<void>;
  /** How often the realm was asked, and with which credentials. */
  readonly realm: readonly (string | null)[];
  readonly stop: () => Promise<void>;
}

/** `folder` is the test's own, and empty. */
export async function startRegistry(
  folder: string,
  auth: 'nobody' | 'basic' | 'token' = 'nobody',
): Promise<RealRegistry> {
  const realm: (string | null)[] = [];
  const issuer = auth === 'token' ? await startRealm(folder, realm) : null;
  const file = join(folder, 'registry.yml');
  mkdirSync(join(folder, 'blobs'));
  writeFileSync(join(folder, 'htpasswd'), `${htpasswd}\n`);
  const ways = {
    nobody: [],
    basic: ['auth:', '  htpasswd:', '    realm: test', `    path: ${join(folder, 'htpasswd')}`],
    token: [
      'auth:',
      '  token:',
      `    realm: ${issuer?.url ?? ''}`,
      '    service: test-registry',
      '    issuer: test-realm',
      `    rootcertbundle: ${join(folder, 'realm.crt')}`,
    ],
  };
  const lines = [
    'version: 0.1',
    'log: { level: info, accesslog: { disabled: true } }',
    'storage:',
    `  filesystem: { rootdirectory: ${join(folder, 'blobs')} }`,
    '  delete: { enabled: true }',
    'http: { addr: "127.0.0.1:0", secret: test }',
    ...ways[auth],
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const server = await startServer('docker-registry', ['serve', file], /listening on ([0-9.:]+)/);
  const host = server.found;
  const send = sender(host, auth, issuer);
  return {
    host,
    realm,
    push: async (name, tag, image) => {
      const config = JSON.stringify(image.config ?? usualConfig);
      for (const content of [config, ...image.layers.map((layer) => layer.content)]) {
        await pushBlob(send, name, content);
      }
      const manifest = imageManifest(image);
      const type = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' };
      await send('PUT', `/v2/${name}/manifests/${tag}`, { headers: type, body: manifest });
      return digestOf(manifest);
    },
    remove: async (name, digest) => {
      await send('DELETE', `/v2/${name}/blobs/${digest}`);
    },
    stop: async () => {
      await server.stop();
      issuer?.server.close();
    },
  };
}

type Send = (method: string, path: string, more?: RequestInit) => Promise<Response>;

const sender =
  (host: string, auth: string, issuer: Realm | null): Send =>
  async (method, path, more = {}) => {
    const headers = new Headers(more.headers);
    if (auth === 'basic') headers.set('Authorization', basicHeader);
    const name = /^\/v2\/(.+)\/(?:blobs|manifests)\//.exec(new URL(path, 'http://x').pathname)?.[1];
    if (issuer !== null) {
      headers.set(
        'Authorization',
        `Bearer ${issuer.issue(name ?? '', ['pull', 'push', 'delete'])}`,
      );
    }
    const response = await fetch(new URL(path, `http://${host}`), { ...more, method, headers });
    if (response.ok) return response;
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  };

async function pushBlob(send: Send, name: string, content: Uint8Array | string): Promise<void> {
  const begun = await send('POST', `/v2/${name}/blobs/uploads/`);
  const at = new URL(begun.headers.get('location') ?? '', 'http://x');
  at.searchParams.set('digest', digestOf(content));
  const headers = { 'Content-Type': 'application/octet-stream' };
  await send('PUT', `${at.pathname}${at.search}`, { headers, body: Buffer.from(content) });
}

interface Realm {
  readonly url: string;
  readonly server: Server;
  readonly issue: (repository: string, actions: readonly string[]) => string;
}

/** Gives tokens to who has the password; what it signs with is made for this run. */
async function startRealm(folder: string, asked: (string | null)[]): Promise<Realm> {
  const [key, certificate] = [join(folder, 'realm.key'), join(folder, 'realm.crt')];
  const how = ['-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test', '-days', '2'];
  const files = ['-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', ...how, ...files], { stdio: 'ignore' });
  const x5c = [readFileSync(certificate, 'utf8').replace(/-----[^-]+-----|\s/g, '')];
  const privateKey = createPrivateKey(readFileSync(key));
  const issue = (name: string, actions: readonly string[]): string => {
    const now = Math.floor(Date.now() / 1000);
    const parts = [
      { typ: 'JWT', alg: 'RS256', x5c },
      {
        iss: 'test-realm',
        sub: user.name,
        aud: 'test-registry',
        exp: now + 300,
        nbf: now - 60,
        iat: now,
        jti: String(asked.length),
        access: [{ type: 'repository', name, actions }],
      },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    const signature = sign('sha256', Buffer.from(parts.join('.')), privateKey);
    return [...parts, signature.toString('base64url')].join('.');
  };
  const server = createServer((request, response) => {
    const sent = request.headers.authorization ?? null;
    asked.push(sent);
    const scope = new URL(request.url ?? '', 'http://x').searchParams.get('scope') ?? '';
    const [, name = '', actions = ''] = /^repository:(.+):([a-z,]+)$/.exec(scope) ?? [];
    response.writeHead(sent === basicHeader ? 200 : 401, { 'Content-Type': 'application/json' });
    const token = issue(name, actions.split(','));
    response.end(sent === basicHeader ? JSON.stringify({ token, expires_in: 300 }) : '{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/token`, server, issue };
}
