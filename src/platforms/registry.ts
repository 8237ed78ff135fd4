import { discourse } from './discourse/discourse.ts';
import { kongregate } from './kongregate/kongregate.ts';
import type { PlatformDefinition } from './port.ts';
import { usercom } from './usercom/usercom.ts';
import { zulip } from './zulip/zulip.ts';

/** The built-in platforms. A new one is a folder of its own and a line here. */
export const platforms = {
  kongregate,
  zulip,
  discourse,
  usercom,
} as const satisfies Record<string, PlatformDefinition>;

export type PlatformName = keyof typeof platforms;

const NAME = /^[a-z0-9_-]{1,64}$/;

/**
 * Herald's platforms and those of the application.
 * @throws TypeError for a name that is taken, is not a channel name, or differs from the definition's
 */
export function withOwn<P extends Readonly<Record<string, PlatformDefinition>>>(
  own?: P,
): typeof platforms & P {
  for (const [name, definition] of Object.entries(own ?? {})) {
    const named = `platforms: ${JSON.stringify(name)}`;
    if (Object.hasOwn(platforms, name)) throw new TypeError(`${named} is a platform of Herald's`);
    if (!NAME.test(name)) throw new TypeError(`${named}: expected up to 64 of a-z, 0-9, _ and -`);
    if (definition.name !== name)
      throw new TypeError(`${named} holds the platform ${JSON.stringify(definition.name)}`);
  }
  return { ...platforms, ...own } as typeof platforms & P;
}
