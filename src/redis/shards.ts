/**
 * The stores of a channel over shards. A channel's name never has a `/`: the store of its shard 3 is named `<channel>/3`, and
 * the bare name stands for its home.
 */

/** The most shards of a channel: each costs a worker connections and polling of its own. */
export const MAX_SHARDS = 64;

export const shardName = (channel: string, shard: number): string => `${channel}/${shard}`;

/** The names of the stores that hold the recipients of a channel, by shard; its bare name where it has none. */
export const storeNames = (channel: string, shards: number | undefined): string[] =>
  shards === undefined ? [channel] : Array.from({ length: shards }, (_, shard) => shardName(channel, shard));

/** The channel that a store belongs to. */
export const channelOfStore = (store: string): string => store.replace(/\/\d+$/, '');

/** Whose slot, plays and records lie in which shard. @param recipient the key that the platform's definition gives it */
export const shardOf = (recipient: string, shards: number): number => crc16(recipient) % shards;

/** The name of the store that holds a recipient. */
export const storeOf = (channel: string, shards: number | undefined, recipient: string): string =>
  shards === undefined ? channel : shardName(channel, shardOf(recipient, shards));

/** CRC-16/XMODEM of the text in UTF-8, as Redis Cluster hashes keys (cluster specification, appendix A). */
export function crc16(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) crc = ((crc << 8) & 0xffff) ^ CRC_TABLE[(crc >> 8) ^ byte]!;
  return crc;
}

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});
