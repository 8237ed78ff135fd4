import { once } from 'node:events';
import { createServer } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import type { ReadinessReport } from '../../src/http/health.ts';
import { createProbes, type HttpServer, type ProbeOptions } from '../../src/http/probes.ts';
import { createMetrics } from '../../src/observe/metrics.ts';

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const well: ReadinessReport = { checks: [{ name: 'redis', ok: true }], stopped: [] };

async function start(options: Partial<ProbeOptions> = {}, port = 0): Promise<string> {
  const probes = createProbes({
    metrics: createMetrics({ defaults: false, version: '9.9.9' }),
    live: () => ({ live: true }),
    ready: async () => well,
    ...options,
  });
  server = await probes.listen({ host: '127.0.0.1', port });
  return server.url;
}

async function get(url: string) {
  const { statusCode, headers, body } = await request(url);
  return { status: statusCode, type: String(headers['content-type']), text: await body.text() };
}

describe('createProbes', () => {
  it('serves the metrics as Prometheus wants them', async () => {
    const answer = await get(`${await start()}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.type).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.text).toContain('herald_build_info{version="9.9.9"} 1');
  });

  it.each([
    ['text/plain', 'text/plain; version=0.0.4'],
    ['*/*', 'text/plain; version=0.0.4'],
    ['application/openmetrics-text;version=1.0.0;q=0.2, text/plain;q=0.5', 'text/plain; version=0.0.4'],
    ['application/openmetrics-text;q=0', 'text/plain; version=0.0.4'],
    [
      'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
      'application/openmetrics-text; version=1.0.0',
    ],
  ])('serves the metrics to %s as %s', async (accept, type) => {
    const { headers, body } = await request(`${await start()}/metrics`, { headers: { accept } });
    expect(headers['content-type']).toContain(type);
    expect((await body.text()).endsWith('# EOF\n')).toBe(type.includes('openmetrics'));
  });

  it('compresses the metrics for who accepts that', async () => {
    const url = `${await start()}/metrics`;
    const plain = await request(url, { headers: { 'accept-encoding': 'identity, gzip;q=0' } });
    expect(plain.headers['content-encoding']).toBeUndefined();
    const zipped = await request(url, { headers: { 'accept-encoding': 'deflate, gzip' } });
    expect(zipped.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept, accept-encoding' });
    const bytes = await zipped.body.bytes();
    expect(Number(zipped.headers['content-length'])).toBe(bytes.length);
    expect(gunzipSync(bytes).toString()).toBe(await plain.body.text());
  });

  it('is live or stuck', async () => {
    let live = true;
    const url = await start({ live: () => (live ? { live } : { live, detail: 'no progress for 61 s' }) });
    const well = await get(`${url}/livez`);
    expect([well.status, JSON.parse(well.text)]).toEqual([200, { status: 'live' }]);
    live = false;
    const stuck = await get(`${url}/livez`);
    expect([stuck.status, JSON.parse(stuck.text)]).toEqual([
      503,
      { status: 'stuck', detail: 'no progress for 61 s' },
    ]);
  });

  it('is ready with a stopped channel, and lists it', async () => {
    const stopped = [{ channel: 'kongregate', reason: 'credentials' }];
    const answer = await get(`${await start({ ready: async () => ({ ...well, stopped }) })}/readyz`);
    expect(answer.status).toBe(200);
    expect(answer.type).toMatch(/^application\/json/);
    expect(JSON.parse(answer.text)).toEqual({
      status: 'ready',
      checks: well.checks,
      stopped_channels: stopped,
    });
  });

  it('is unready when one check fails', async () => {
    const checks = [
      { name: 'redis', ok: true },
      { name: 'clock', ok: false, detail: '3 s ahead of Redis' },
    ];
    const answer = await get(`${await start({ ready: async () => ({ checks, stopped: [] }) })}/readyz`);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      503,
      { status: 'unready', checks, stopped_channels: [] },
    ]);
  });

  it('answers a readiness check that hangs, and one that breaks', async () => {
    const hanging = await start({ ready: () => new Promise(() => {}), readyTimeoutMs: 30 });
    const late = await get(`${hanging}/readyz`);
    expect([late.status, late.text]).toEqual([503, expect.stringContaining('no answer within 30 ms')]);
    await server?.close();
    const breaking = await start({ ready: async () => Promise.reject(new Error('connection is closed')) });
    const broken = await get(`${breaking}/readyz`);
    expect([broken.status, broken.text]).toEqual([503, expect.stringContaining('connection is closed')]);
  });

  it('serves nothing else', async () => {
    expect((await get(`${await start()}/`)).status).toBe(404);
  });

  it('closes at once although a scraper keeps its connection', async () => {
    const url = await start();
    await get(`${url}/livez`);
    await server?.close();
    server = undefined;
    await expect(request(`${url}/livez`)).rejects.toThrow();
  });

  it('says that a port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(start({}, port)).rejects.toThrow(/EADDRINUSE/);
    other.close();
  });
});
