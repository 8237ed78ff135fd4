import type { ChannelConfig } from '../../src/config/channel-schema.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { platforms } from '../../src/platforms/registry.ts';

/** A Kongregate channel as the configuration makes it; `fields` as they are written in herald.yaml. */
export function channelConfig({
  name = 'kongregate',
  ...fields
}: { name?: string } & Record<string, unknown>): ChannelConfig {
  const channel = { platform: 'kongregate', apiKey: 'k', ...fields };
  const readFile = (): string => '';
  const source = { channels: { [name]: channel } };
  return parseConfig(source, { platforms, env: {}, secrets: 'resolve', readFile }).channels[0]!;
}
