import { describe, expect, it } from 'vitest';
import { createAdmin, createProducer, createWorker } from '../src/index.ts';

/** Nothing listens there: options are checked before anything connects. */
const redis = 'redis://127.0.0.1:1';
const config = { redis, channels: { kongregate: { platform: 'kongregate' as const, apiKey: 'k' } } };

describe('a program without TypeScript is told', () => {
  it.each<[string, () => unknown]>([
    [
      'createProducer: "timout" is not an option: expected redis, channels',
      () => createProducer({ redis, timout: 1 } as never),
    ],
    ['createProducer: expected an object', () => createProducer(undefined as never)],
    ['createWorker: "loger" is not an option', () => createWorker(config, { loger: console } as never)],
    ['createAdmin: "channels" is not an option', () => createAdmin({ redis, channels: [] } as never)],
  ])('of an option that there is not: %s', (message, call) => {
    expect(call).toThrow(TypeError);
    expect(call).toThrow(message);
  });

  it.each<[string, () => unknown]>([
    ['registry: expected a Registry of prom-client', () => createProducer({ redis, registry: {} as never })],
    ['registry: expected a Registry of prom-client', () => createWorker(config, { registry: {} as never })],
    [
      'logger: expected a logger with debug, info, warn, error, child',
      () => createWorker(config, { logger: {} as never }),
    ],
    ['channels: expected a list of names', () => createProducer({ redis, channels: 'x' as never })],
  ])('of one of another kind: %s', (message, call) => {
    expect(call).toThrow(message);
  });
});

/** Checked by the compiler: an error that it reports anywhere but at the option fails the lint. */
describe('a program in TypeScript is told', () => {
  it('of an option that there is not, at that option', () => {
    const misspelt = [
      () =>
        createProducer({
          redis,
          // @ts-expect-error -- 'timout' does not exist; did you mean to write 'timeout'?
          timout: 1,
        }),
      () =>
        createWorker(config, {
          // @ts-expect-error -- 'loger' does not exist
          loger: console,
        }),
      () =>
        createAdmin({
          redis,
          // @ts-expect-error -- 'conf' does not exist
          conf: config,
        }),
    ];
    for (const call of misspelt) expect(call).toThrow(TypeError);
  });
});
