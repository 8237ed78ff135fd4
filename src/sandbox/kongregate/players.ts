import { z } from 'zod';

/** `played`: within the last two weeks. */
export const playerStates = ['played', 'not_played', 'unknown'] as const;
export type PlayerState = (typeof playerStates)[number];

/** Names a player by user id, by name, or by both: then the two are one person with one message a day. */
export const playerSchema = z.strictObject({
  userId: z.int().positive().optional(),
  username: z.string().optional(),
  state: z.enum(playerStates).default('played'),
});
export type SandboxPlayer = z.input<typeof playerSchema>;

/**
 * Which players exist and have played. Unless set, the last digit of the id or name decides: 7 has not
 * played, 0 is unknown, all others have played.
 */
export class Players {
  #states = new Map<string, PlayerState>();
  #idsByName = new Map<string, string>();

  /** Throws a ZodError, or a RangeError for a player without a name. */
  set(...players: SandboxPlayer[]): void {
    for (const player of players) {
      const { userId, username, state } = playerSchema.parse(player);
      const name = username === undefined ? undefined : nameKey(username);
      const key = userId === undefined ? name : `${userId}`;
      if (key === undefined) throw new RangeError('a player needs a userId or a username');
      if (name !== undefined && name !== key) this.#idsByName.set(name, key);
      this.#states.set(key, state);
    }
  }

  clear(): void {
    this.#states.clear();
    this.#idsByName.clear();
  }

  /** One key a person, however the call named them. */
  person(recipient: string): string {
    return this.#idsByName.get(recipient) ?? recipient;
  }

  state(person: string): PlayerState {
    return this.#states.get(person) ?? byLastDigit(person);
  }
}

export function nameKey(username: string): string {
  return `@${username.toLowerCase()}`;
}

function byLastDigit(person: string): PlayerState {
  if (person.endsWith('7')) return 'not_played';
  return person.endsWith('0') ? 'unknown' : 'played';
}
