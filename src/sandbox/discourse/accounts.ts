import { z } from 'zod';

/**
 * An account that writes by its key. Staff is exempt from the limits that keep members from spamming: the number of
 * recipients, the same text again, who accepts messages (Discourse's PostCreator and PostValidator).
 */
export const accountSchema = z.strictObject({
  username: z.string().min(1),
  staff: z.boolean().default(false),
  /** Whether it is in a group that may send personal messages. */
  mayMessage: z.boolean().default(true),
  /** A silenced account may only write to staff, and into messages that it takes part in. */
  silenced: z.boolean().default(false),
  /** The groups it belongs to. */
  groups: z.array(z.string()).default([]),
  /** Where its key is a narrow one: the only topics that it may be used for. */
  topics: z.array(z.int().positive()).optional(),
});

/** What is to be known of an account; whatever is left out is as for an ordinary member. */
export type DiscourseAccount = z.input<typeof accountSchema>;
export type Account = z.output<typeof accountSchema>;

/** By name. An account of which nothing was said is an administrator, as the one that Herald writes by should be. */
export class DiscourseAccounts {
  readonly #known = new Map<string, Account>();

  /** Throws a ZodError for what is not an account. */
  set(...accounts: DiscourseAccount[]): void {
    for (const account of accounts.map((one) => accountSchema.parse(one))) {
      this.#known.set(nameKey(account.username), account);
    }
  }

  of(username: string): Account {
    const staff = { username, staff: true, groups: ['staff', 'admins'] };
    return this.#known.get(nameKey(username)) ?? accountSchema.parse(staff);
  }

  /** Whether it is one of those named as staff. */
  isStaff(username: string): boolean {
    return this.#known.get(nameKey(username))?.staff ?? false;
  }

  /** The groups that exist: those that come with Discourse, and those that somebody belongs to. */
  isGroup(name: string): boolean {
    const groups = [...this.#known.values()].flatMap(({ groups: own }) => own);
    return [...BUILT_IN, ...groups].map(nameKey).includes(name);
  }
}

const BUILT_IN = ['staff', 'admins', 'moderators'];

/** Names are compared normalised and in lower case (User.normalize_username). */
export const nameKey = (name: string): string => name.normalize('NFC').toLowerCase();
