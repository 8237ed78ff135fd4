import { hostname } from 'node:os';
import { describe, expect } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import { bury } from '../admin/desk.ts';
import { eventually } from '../support/eventually.ts';
import { CHANNEL } from '../support/scene.ts';
import { it } from './operator-scene.ts';
import { herald, testContext } from './test-context.ts';

describe.concurrent('status', () => {
  it('counts what waits, what is scheduled and what is dead', async ({ openScene, operator }) => {
    const scene = await openScene();
    const worker = await scene.worker();
    await bury(scene, [10]);
    await worker.close();
    await scene.send(11);
    await scene.send(12, { priority: 3 });
    await scene.send(13, { sendAt: new Date(Date.now() + 3_600_000).toISOString() });
    const { exitCode, stdout } = await operator.run(scene, ['status']);
    expect(exitCode).toBe(EXIT.done);
    expect(stdout).toMatch(
      /^channel +ready +active +scheduled +waiting for slot +retrying +dead +oldest ready +workers$/m,
    );
    expect(stdout).toMatch(/^kongregate +2 +0 +1 +0 +0 +1 +\d+(ms|s) +0$/m);
    expect(await operator.documents(scene, ['status', '--channel', CHANNEL])).toMatchObject([
      { channel: CHANNEL, ready: 2, scheduled: 1, dead: 1, sendable: 2, dead_letters: { bad_recipient: 1 } },
    ]);
  });

  it('counts the workers that are alive', async ({ openScene, operator }) => {
    const scene = await openScene();
    const workers = async () => (await operator.documents(scene, ['status']))[0]?.['workers'];
    expect(await workers()).toEqual([]);
    const [first, second] = [await scene.worker(), scene.spawn()];
    await second.ready();
    const alive = (found: unknown): boolean => Array.isArray(found) && found.length === 2;
    expect(await eventually('two workers', workers, alive)).toMatchObject([
      { host: hostname(), pid: expect.any(Number), since: expect.stringMatching(/Z$/) },
      { host: hostname(), pid: expect.any(Number) },
    ]);
    await first.close();
    expect(await workers()).toMatchObject([{ pid: second.pid }]);
    // Killed, it counts until its word expires.
    await second.kill();
    expect(await scene.redis.pttl('herald:{kongregate}:workers')).toBeGreaterThan(0);
    await scene.redis.zadd(
      'herald:{kongregate}:workers',
      'XX',
      1,
      (await scene.redis.zrange('herald:{kongregate}:workers', '0', '0'))[0]!,
    );
    expect(await workers()).toEqual([]);
  });

  it('says why a channel is held', async ({ openScene, operator }) => {
    const scene = await openScene({ channel: { apiKey: 'wrong' } });
    await scene.worker();
    await scene.send(11);
    const stopped = () => operator.run(scene, ['status']);
    const { stdout } = await eventually('a stop', stopped, (seen) => seen.stdout.includes('stopped'));
    expect(stdout).toMatch(/^kongregate is stopped \(credentials\) since \d{4}-/m);
  });

  it('draws it anew at a terminal until it is interrupted', async ({ openScene, operator }) => {
    const scene = await openScene();
    const { context, stdout, interrupt } = testContext({ terminal: true });
    const argv = ['status', '--watch', '--config', await operator.config(scene)];
    const ended = runCommandLine(argv, context, '1.2.3');
    await eventually('a first frame', () => stdout().includes('kongregate'));
    await scene.send(11);
    await eventually('a frame with the message', () => /kongregate +1 /.test(stdout()));
    interrupt();
    expect(await ended).toBe(EXIT.done);
  });

  it('waits for a Redis that goes away, and can be interrupted meanwhile', async ({
    openScene,
    operator,
  }) => {
    const scene = await openScene({ appendonly: true });
    const { context, stdout, interrupt } = testContext({ terminal: true });
    const argv = ['status', '--watch', '--config', await operator.config(scene)];
    const ended = runCommandLine(argv, context, '1.2.3');
    await eventually('a first frame', () => stdout().includes('kongregate'));
    await scene.server.kill();
    await eventually('the outage', () => stdout().includes('Redis does not answer'));
    await scene.server.restart();
    await scene.send(11);
    await eventually('a frame with the message', () => /kongregate +1 /.test(stdout()));
    await scene.server.kill();
    interrupt();
    expect(await ended).toBe(EXIT.done);
  });

  it('watches nothing where nobody looks', async ({ expect }) => {
    const { exitCode, stderr } = await herald(['status', '--watch']);
    expect([exitCode, stderr]).toEqual([EXIT.usage, 'herald: status: --watch needs a terminal\n']);
  });

  it('knows no channel on an empty Redis without configuration', async ({ openScene, expect }) => {
    const scene = await openScene();
    const { exitCode, stdout } = await herald(['status'], { env: { REDIS_URL: scene.server.url } });
    expect([exitCode, stdout]).toEqual([EXIT.done, 'no channel is configured or announced\n']);
  });

  it('ends with 3 when Redis is away', async ({ expect }) => {
    const { exitCode, stdout } = await herald(['status'], { env: { REDIS_URL: 'redis://127.0.0.1:1' } });
    expect([exitCode, stdout]).toEqual([EXIT.unreachable, '']);
  });
});
