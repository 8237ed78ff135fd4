import { createProducer } from '../app.ts';
import { aliveWorkers } from '../channels/heartbeats.ts';
import type { Producer } from '../producer/producer.ts';
import { useInstallation } from './installation.ts';
import { readSettings, type Settings } from './settings.ts';
import type { Invocation } from './shell.ts';

/**
 * Opens a producer for the configured Redis and channels, and closes it in any case. Warns of messages for a channel that the
 * configuration does not list and no worker serves: it may no longer exist.
 */
export async function withProducer<T>(
  invocation: Invocation,
  use: (producer: Producer<unknown>) => Promise<T>,
): Promise<T> {
  const settings = readSettings(invocation);
  const listed = new Set(settings.channels.map(({ name }) => name));
  const others = new Set<string>();
  const producer = createProducer({
    ...settings,
    onAccepted(channel, status) {
      const isStored = status === 'queued' || status === 'duplicate';
      if (isStored && !listed.has(channel)) others.add(channel);
    },
  });
  let result: T;
  try {
    result = await use(producer as Producer<unknown>);
  } finally {
    await producer.close();
  }
  // The result tells what was done, and must not be lost for a warning: Redis may have gone away meanwhile.
  if (others.size > 0) await warnUnserved([...others], settings, invocation).catch(() => {});
  return result;
}

async function warnUnserved(
  channels: readonly string[],
  { redis }: Settings,
  invocation: Invocation,
): Promise<void> {
  await useInstallation(redis, [], invocation, async (installation) => {
    for (const channel of channels) {
      if ((await aliveWorkers(installation.storeOf(channel))).length > 0) continue;
      invocation.output.note(
        `herald: warning: no worker of channel ${channel} is alive and it is not configured here: its messages wait; if it was removed, run \`herald channel forget ${channel}\``,
      );
    }
  });
}
