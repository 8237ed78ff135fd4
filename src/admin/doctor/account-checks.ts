import type { Installation } from '../../channels/installation.ts';
import { type Check, failed, ok, warning } from '../../check.ts';
import type { ChannelConfig } from '../../config/channel-schema.ts';
import type { PlatformDefinition } from '../../platforms/port.ts';

/** Checks the accounts of the configured channels with their platforms. The credentials must be resolved. */
export async function accountChecks({ channels }: Installation): Promise<Check[]> {
  const checks = await Promise.all(
    channels.map(({ configured, reading }) =>
      configured && reading && configured.platform === reading.definition.name
        ? accountOf(configured, reading.definition)
        : [],
    ),
  );
  return checks.flat();
}

async function accountOf(channel: ChannelConfig, definition: PlatformDefinition): Promise<Check[]> {
  const { settings, baseUrl, timeoutMs } = channel;
  const client = definition.connect({ ...settings, baseUrl, timeoutMs, concurrency: 1 }, {});
  try {
    if (!client.examine) return [];
    const name = `account ${channel.name}`;
    const findings = await client.examine(AbortSignal.timeout(timeoutMs));
    if (findings.length === 0) return [ok(name, 'has the rights that the channel needs.')];
    return findings.map(({ level, text }) => (level === 'failed' ? failed : warning)(name, `${text}.`));
  } finally {
    await client.close();
  }
}
