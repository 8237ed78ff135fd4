/** The hash slots of Redis Cluster: a key's slot decides which node has it. */

const SLOTS = 16_384;

/** The polynomial of CRC-16/XMODEM, by which Redis Cluster hashes keys (cluster specification, appendix A). */
const POLYNOMIAL = 0x1021;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1) & 0xffff;
  return crc;
});

/** The CRC-16/XMODEM of the text in UTF-8. */
export function crc16(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) crc = ((crc << 8) & 0xffff) ^ TABLE[((crc >> 8) ^ byte) & 0xff]!;
  return crc;
}

/** The hash tag: the first `{…}` that is not empty is hashed in place of the whole key. */
const TAG = /^[^{]*\{([^}]+)\}/s;

export const hashSlot = (key: string): number => crc16(TAG.exec(key)?.[1] ?? key) % SLOTS;
