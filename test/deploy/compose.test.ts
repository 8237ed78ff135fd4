import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';

/** What can be said of the containers' files where no container runs: docs/deployment.md says what cannot. */

const ROOT = new URL('../../', import.meta.url).pathname;
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Service {
  image: string;
  build?: string;
  profiles?: string[];
  ports?: string[];
  volumes?: string[];
  command?: string | string[];
  entrypoint?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test?: string[]; disable?: boolean };
  logging?: { options: Record<string, string> };
  deploy?: { replicas?: number; resources?: { limits?: { memory?: string } } };
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> };
const services = Object.entries(compose.services);
const dockerfile = read('Dockerfile');

describe('docker-compose.yml', () => {
  it('is what the published schema of Compose describes', () => {
    const require = createRequire(import.meta.url);
    const linter = require.resolve('dclint/package.json');
    const schema = JSON.parse(readFileSync(join(linter, '../schemas/compose.schema.json'), 'utf8'));
    // Named by https, where Ajv knows it by http.
    const { $schema: _, ...draft07 } = schema;
    const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(draft07);
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  it.each(services)('%s is pinned, watched, limited and confined to this machine', (_, service) => {
    expect(service.image).toMatch(/:(?:v?\d+\.\d+\.\d+(?:-\w+)?|local)$/);
    // What is built here has a health check of its own.
    expect(service.build ?? service.healthcheck?.test).toBeDefined();
    expect(service.logging?.options).toMatchObject({ 'max-size': '10m' });
    expect(service.deploy?.resources?.limits?.memory).toMatch(/^\d+[MG]$/);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('lets the workers be as many as one likes', () => {
    for (const name of ['worker', 'demo-worker']) {
      expect(compose.services[name]).toMatchObject({ deploy: { replicas: 2 } });
      expect(compose.services[name]).not.toHaveProperty('ports');
      expect(compose.services[name]).not.toHaveProperty('container_name');
    }
  });

  it('keeps a real key and the demo apart', () => {
    expect(compose.services['worker']?.profiles).toEqual(['live']);
    const demo = services.filter(([, { profiles }]) => profiles?.includes('demo'));
    expect(demo.map(([name]) => name).sort()).toEqual(['demo-worker', 'load', 'sandbox']);
    for (const [, service] of demo) expect(JSON.stringify(service)).not.toContain('KONGREGATE');
    const { channels } = loadConfig(join(ROOT, 'docker/demo.yaml'), { env: {}, secrets: 'resolve' });
    for (const { baseUrl } of channels) expect(baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:8090\//);
  });

  it('gives the sandbox the day of the quota', () => {
    const { channels } = loadConfig(join(ROOT, 'docker/demo.yaml'), { env: {}, secrets: 'resolve' });
    expect(channels[0]).toMatchObject({ quota: { per: { ms: 600_000 } }, platformDayMs: 600_000 });
    expect(compose.services['sandbox']?.command).toContain('10m');
  });

  it('mounts what there is', () => {
    const mounts = services.flatMap(([, { volumes = [] }]) =>
      volumes.filter((each) => each.startsWith('./')),
    );
    expect(mounts).toHaveLength(4);
    for (const mount of mounts) {
      expect(mount).toMatch(/:ro$/);
      expect(existsSync(join(ROOT, mount.split(':')[0]!))).toBe(true);
    }
    expect(existsSync(join(ROOT, 'ops/prometheus/prometheus.yml'))).toBe(true);
  });

  it('has Prometheus find whatever tells metrics, by the names of the services', () => {
    const { scrape_configs } = parse(read('ops/prometheus/prometheus.yml')) as {
      scrape_configs: { dns_sd_configs?: { names: string[] }[]; static_configs?: { targets: string[] }[] }[];
    };
    const named = scrape_configs.flatMap(({ dns_sd_configs = [], static_configs = [] }) => [
      ...dns_sd_configs.flatMap(({ names }) => names),
      ...static_configs.flatMap(({ targets }) => targets.map((target) => target.split(':')[0])),
    ]);
    expect(named.sort()).toEqual(['exporter', 'load', 'redis-exporter', 'worker']);
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(named));
  });

  it('keeps what Redis has, and evicts none of it', () => {
    const command = String(compose.services['redis']?.command);
    for (const setting of ['appendonly yes', 'maxmemory 512mb', 'maxmemory-policy noeviction'])
      expect(command).toContain(`--${setting}`);
  });
});

describe('the image', () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = '']) =>
    from.split(' '),
  );

  it('copies what there is, and nothing else is sent to the build', () => {
    const sent = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    expect(new Set(copied)).toEqual(new Set(sent));
    for (const path of copied) expect(existsSync(join(ROOT, path))).toBe(true);
  });

  it('takes its dependencies before the sources, so that a change of these installs nothing', () => {
    const installs = [...dockerfile.matchAll(/npm ci/g)].map(({ index }) => index);
    expect(installs).toHaveLength(3);
    expect(dockerfile.indexOf('COPY src')).toBeGreaterThan(installs[0]!);
    expect(dockerfile.match(/--mount=type=cache,target=\/root\/\.npm npm ci/g)).toHaveLength(3);
  });

  it('exports traces by the packages that the tests do', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as {
      devDependencies: Record<string, string>;
    };
    const image = JSON.parse(read('docker/tracing/package.json')) as { dependencies: object };
    const tested = Object.entries(devDependencies).filter(([name]) => name.startsWith('@opentelemetry/'));
    expect(image.dependencies).toEqual(Object.fromEntries(tested));
  });

  it('has a configuration that a worker takes', () => {
    const env = { KONGREGATE_API_KEY: 'key' };
    const { redis, http } = loadConfig(join(ROOT, 'docker/herald.yaml'), { env, secrets: 'resolve' });
    expect({ redis, http }).toMatchObject({
      redis: 'redis://redis:6379',
      http: { host: '0.0.0.0', port: 9464 },
    });
  });
});
