import { expect, it } from 'vitest';
import { createAdmin } from '../../src/app.ts';
import { openCuttingProxy } from '../../testing/cutting-proxy.ts';
import { hasInterpreter, runProgram } from '../../testing/foreign-program.ts';
import { apiFixture } from './api-fixture.ts';

const api = apiFixture();
const PROGRAM = new URL('../../examples/stream.py', import.meta.url).pathname;
const MESSAGES = 2_000;

const messages = Array.from({ length: MESSAGES }, (_, i) => ({
  ...{ id: `night-${i}`, platform: 'kongregate', to: { userId: i + 1 }, content: 'Your reward is waiting' },
}));
const input = messages.map((message) => `${JSON.stringify(message)}\n`).join('');

it.skipIf(!hasInterpreter('python3'))(
  'a Python program streams all messages though its connection is cut twice, and each is taken once',
  async () => {
    const admin = createAdmin({ redis: api.server.url });
    const third = input.length / 3;
    const proxy = await openCuttingProxy(Number(new URL(api.url).port), [third, third]);
    const env = { HERALD_TOKEN: api.token };
    const client = runProgram('python3', [PROGRAM, `http://127.0.0.1:${proxy.port}`], { env, input });
    try {
      const { code, stdout, stderr } = await client.ended;
      expect(code, stderr).toBe(0);
      const { queued, duplicate = 0, ...rest } = JSON.parse(stdout);
      expect(rest).toEqual({ lines: MESSAGES, requests: 3 });
      expect(queued + duplicate).toBe(MESSAGES);
      const [status] = await admin.status({ channels: ['kongregate'] });
      expect(status!.queue.ready).toBe(MESSAGES);
    } finally {
      client.kill();
      await proxy.close();
      await admin.close();
    }
  },
);

it.skipIf(!hasInterpreter('python3'))(
  'a Python program tells which lines were refused, and why',
  async () => {
    const env = { HERALD_TOKEN: api.token };
    const bad = `${JSON.stringify({ ...messages[0], id: 'other', to: {} })}\n{\n`;
    const { code, stdout, stderr } = await runProgram('python3', [PROGRAM, api.url], { env, input: bad })
      .ended;
    expect([code, JSON.parse(stdout).refused]).toEqual([1, 2]);
    expect(stderr).toMatch(/line 1: .*to.*\nline 2: not valid JSON/);
    const refused = runProgram('python3', [PROGRAM, api.url], { env: { HERALD_TOKEN: 'x' }, input });
    expect((await refused.ended).stderr).toContain('answered 401');
  },
);
