import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface Certificates {
  /** Of the authority that signed the others. */
  ca: string;
  key: string;
  cert: string;
  remove(): void;
}

/** A private authority and a server's certificate of it, made by `openssl`. @param name as `IP:127.0.0.1` */
export function makeCertificates(name: string): Certificates {
  const dir = mkdtempSync(join(tmpdir(), 'herald-tls-'));
  const at = (file: string): string => join(dir, file);
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  writeFileSync(at('names'), `subjectAltName=${name}\n`);
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=Own CA',
  );
  openssl('req', ...newKey, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=Redis');
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
  const request = ['-req', '-in', 'request.pem', '-out', 'cert.pem', '-extfile', 'names'];
  openssl('x509', ...request, ...signer, '-days', '2');
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  return { ca: at('ca.pem'), key: at('key.pem'), cert: at('cert.pem'), remove };
}
