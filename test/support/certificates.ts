import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** Paths of PEM files. */
export interface Certificates {
  /** Of the authority that signed the others. */
  ca: string;
  key: string;
  cert: string;
  remove(): Promise<void>;
}

const named = (value: string) => [{ name: 'commonName', value }];

/** A private authority and a server's certificate of it. @param host a name or an address */
export async function makeCertificates(host: string): Promise<Certificates> {
  const authority = await generate(named('Own CA'), {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const altName = isIP(host) ? ({ type: 7, ip: host } as const) : ({ type: 2, value: host } as const);
  const server = await generate(named('Redis'), {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [altName] }],
    ca: { key: authority.private, cert: authority.cert },
  });
  const dir = await mkdtemp(join(tmpdir(), 'herald-tls-'));
  const save = async (name: string, text: string): Promise<string> => {
    const path = join(dir, name);
    await writeFile(path, text);
    return path;
  };
  return {
    ca: await save('ca.pem', authority.cert),
    key: await save('key.pem', server.private),
    cert: await save('cert.pem', server.cert),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
