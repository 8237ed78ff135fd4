import { expect, it } from 'vitest';
import { createAdmin } from '../../src/app.ts';
import { hasInterpreter, runProgram } from '../../testing/foreign-program.ts';
import { apiFixture } from './api-fixture.ts';

const api = apiFixture();
const PROGRAM = new URL('../../examples/send.php', import.meta.url).pathname;

const send = (token: string, url = api.url) =>
  // As where nothing is configured: a trace has the arguments.
  runProgram('php', ['-d', 'zend.exception_ignore_args=0', PROGRAM, url], { env: { HERALD_TOKEN: token } })
    .ended;

it('a PHP program sends a message that is taken once, and tells what is wrong', async ({ skip }) => {
  if (!hasInterpreter('php')) skip('php is not installed: apt-get install php-cli');
  expect(await send(api.token)).toMatchObject({ code: 0, stdout: 'queued\n', stderr: '' });
  expect(await send(api.token)).toMatchObject({ code: 0, stdout: 'duplicate\n' });
  const admin = createAdmin({ redis: api.server.url });
  const [told] = await admin.explain('welcome-32');
  await admin.close();
  expect(told).toMatchObject({ channel: 'kongregate', id: 'welcome-32' });

  const refused = await send('herald_wrong_token');
  expect(refused.code).toBe(255);
  expect(refused.stdout + refused.stderr).toContain('unauthorized: ');
  expect(refused.stdout + refused.stderr).not.toContain('herald_wrong_token');
  const away = await send(api.token, 'http://127.0.0.1:1');
  expect(away.stdout + away.stderr).toContain('Herald cannot be reached: send it again');
});
