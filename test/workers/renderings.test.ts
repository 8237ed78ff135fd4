import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Delivery } from '../../src/jobs/envelope.ts';
import { createTurns } from '../../src/turns.ts';
import { createRenderings, type RenderingDeps } from '../../src/workers/renderings.ts';

class StackError extends Error {
  override readonly name = 'StackError';
}

function rendering(render: (message: { content: string }) => string) {
  const deps = { definition: { render }, channel: { settings: {} }, turns: createTurns(systemClock) };
  const renderings = createRenderings(deps as unknown as RenderingDeps);
  const delivery = (id: string, content: string) =>
    ({
      message: { content },
      ref: { id, jobId: `m_${id}` },
      source: { data: () => JSON.stringify({ content }) },
    }) as unknown as Delivery;
  return {
    /** As a message is rendered that waits afterwards. */
    async of(id: string, content: string) {
      const rendered = await renderings.of(delivery(id, content));
      renderings.keep(delivery(id, content), rendered);
      return rendered;
    },
    forget: (id: string) => renderings.forget(delivery(id, '')),
  };
}

function counted() {
  let rendered = 0;
  const parts = rendering(({ content }) => {
    rendered += 1;
    return `<${content}>`;
  });
  return { ...parts, count: () => rendered };
}

it('renders a job once, however often it is taken up', async () => {
  const { of, count } = counted();
  for (let taken = 0; taken < 5; taken += 1) expect(await of('1', 'a')).toBe('<a>');
  expect(count()).toBe(1);
});

it('renders again what is another text, another job, or the next run', async () => {
  const { of, forget, count } = counted();
  await of('1', 'a');
  expect(await of('1', 'b')).toBe('<b>');
  expect(await of('2', 'b')).toBe('<b>');
  forget('1');
  await of('1', 'b');
  expect(count()).toBe(4);
});

it('remembers so much and no more', async () => {
  const { of, count } = counted();
  const long = 'a'.repeat(60_000);
  for (let id = 0; id < 100; id += 1) await of(`${id}`, long);
  await of('99', long);
  expect(count()).toBe(100);
  await of('0', long);
  expect(count()).toBe(101);
});

it.each([
  [new StackError('in the middle of <the content>'), 'StackError'],
  ['thrown without an error', 'string'],
])('rejects what cannot be rendered, whatever is thrown, and quotes nothing of it', async (thrown, name) => {
  const { of } = rendering(() => {
    throw thrown;
  });
  expect(await of('1', 'a')).toEqual({
    kind: 'rejected',
    reason: 'bad_request',
    detail: `content cannot be rendered: ${name}`,
  });
});
