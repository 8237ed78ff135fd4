import type { SandboxOptions } from './sandbox.ts';

/** The accounts of a sandbox on all its platforms: as the sandbox takes them, and as herald.yaml names them. */

const KEY = 'sandbox-key';
const BOT = 'bot@example.com';
const WRITER = 'herald';

/** @param apiKeys good on every platform; `sandbox-key` when absent */
export const accountOptions = (
  apiKeys: readonly string[] = [KEY],
): Required<Pick<SandboxOptions, 'kongregate' | 'zulip' | 'discourse' | 'usercom'>> => ({
  kongregate: { apiKeys },
  zulip: { credentials: apiKeys.map((key) => `${BOT}:${key}`) },
  discourse: { credentials: apiKeys.map((key) => `${WRITER}:${key}`) },
  usercom: { apiKeys },
});

/**
 * One channel a platform, in the fields of herald.yaml: enough for a worker.
 * @param url of the sandbox
 */
export const accountChannels = (url: string, apiKey = KEY) => ({
  kongregate: { platform: 'kongregate' as const, baseUrl: `${url}/kongregate/api`, apiKey },
  zulip: { platform: 'zulip' as const, baseUrl: `${url}/zulip`, email: BOT, apiKey },
  discourse: { platform: 'discourse' as const, baseUrl: `${url}/discourse`, apiUsername: WRITER, apiKey },
  usercom: { platform: 'usercom' as const, baseUrl: `${url}/usercom/api/public`, apiKey, agent: 926 },
});
