// An authority of its own and a certificate for localhost, as companies make them. Needs openssl.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const program = 'openssl';

export interface Certificates {
  /** PEM of the authority, of the server's certificate and of its key. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export function makeCertificates(folder: string): Certificates {
  const openssl = (...words: readonly string[]): void => {
    execFileSync(program, words, { cwd: folder, stdio: 'pipe' });
  };
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...fresh,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=test authority',
    '-days',
    '2',
  );
  openssl('req', ...fresh, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(
    join(folder, 'names'),
    'subjectAltName=DNS:localhost,DNS:models.example,IP:127.0.0.1\n',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'server.pem',
    '-days',
    '2',
    '-extfile',
    'names',
  );
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return { ca: read('ca.pem'), certificate: read('server.pem'), key: read('server.key') };
}
