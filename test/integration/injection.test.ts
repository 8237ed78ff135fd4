import { expect } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { it } from '../support/environment.ts';

/** What ends a line, or a value in one, wherever a person chose the text. */
const NAME = 'Eve"} 1\r\nforged_metric{a="b"} 7\n{"level":"fatal","msg":"forged"}\u2028\u001b[2J';

it('a name of many lines forges none in the log, the metrics and the receipts', async ({
  openEnvironment,
}) => {
  const env = await openEnvironment({
    sandbox: {
      faults: [
        {
          kind: 'answer',
          body: JSON.stringify({ success: false, errors: [`No such player: ${NAME}`] }),
          recipients: ['12'],
        },
      ],
    },
  });
  const worker = env.spawn();
  await worker.ready();
  const fields = { content: 'Hello, {{ name }}', data: { name: NAME }, meta: { name: NAME } };
  await env.send(11, fields);
  // A platform's words are withheld where they repeat the content.
  await env.send(12, { content: 'Hello', meta: { name: NAME } });
  const foreign = { v: 1, platform: 'kongregate', content: 'Hello' };
  await env.addForeign({ ...foreign, to: { username: NAME } });
  await env.addForeign({ ...foreign, to: { userId: 11 }, id: NAME, [NAME]: 1 });
  await env.settled(4, { withinMs: 30_000 });

  // The log comes through a pipe, which may be later than the store.
  await eventually('the refusal in the log', () => worker.log().includes('No such player') || undefined);
  const lines = worker.log().split('\n').filter(Boolean);
  expect(lines.map((line) => JSON.parse(line).msg)).not.toContain('forged');
  expect(worker.log()).not.toContain('\u001b');
  const samples = (await worker.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const sample of samples) expect(sample).toMatch(/^(?:herald|process|nodejs)_\w+(?:\{[^\r]*\})? \S+$/);
  expect(samples.join()).not.toContain('Eve');
  for (const { meta, ...receipt } of await env.receipts())
    expect(JSON.stringify(receipt)).not.toMatch(/Eve.*\\[nru]/);
});
