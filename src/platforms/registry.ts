import { discourse } from './discourse/discourse.ts';
import { kongregate } from './kongregate/kongregate.ts';
import type { PlatformDefinition } from './port.ts';
import { usercom } from './usercom/usercom.ts';
import { zulip } from './zulip/zulip.ts';

/** Every platform that Herald speaks to. A new one is a file of its own and a line here. */
export const platforms = {
  kongregate,
  zulip,
  discourse,
  usercom,
} as const satisfies Record<string, PlatformDefinition>;

export type PlatformName = keyof typeof platforms;
