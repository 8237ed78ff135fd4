import { createProducer } from '../app.ts';
import type { Producer } from '../jobs/producer.ts';
import { readSettings } from './settings.ts';
import type { Invocation } from './shell.ts';

/** Opens a producer for the configured Redis and channels, and closes it whatever happens. */
export async function withProducer<T>(
  invocation: Invocation,
  use: (producer: Producer<unknown>) => Promise<T>,
): Promise<T> {
  const producer = createProducer(readSettings(invocation));
  try {
    return await use(producer as Producer<unknown>);
  } finally {
    await producer.close();
  }
}
