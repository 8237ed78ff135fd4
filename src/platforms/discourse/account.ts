import { parseObject } from '../http/json-object.ts';
import type { HttpResult } from '../http/result.ts';
import type { AccountFinding } from '../port.ts';
import type { DiscourseSettings } from './settings.ts';

/** What `GET /session/current.json` says about the account; undefined where the key may not ask. */
export interface Account {
  staff: boolean;
  maySendMessages: boolean | undefined;
}

export function readSession(result: HttpResult): Account | undefined {
  const body = result.kind === 'answered' && result.status === 200 ? parseObject(result.text) : undefined;
  const user = body?.['current_user'];
  if (typeof user !== 'object' || user === null) return undefined;
  const { staff, admin, moderator, can_send_private_messages: may } = user as Record<string, unknown>;
  return {
    staff: staff === true || admin === true || moderator === true,
    maySendMessages: typeof may === 'boolean' ? may : undefined,
  };
}

/**
 * What an operator should know of the account that a channel writes by.
 * @param answer the account, or the HTTP status where the site did not say
 */
export function findingsOf(
  answer: Account | number,
  { apiUsername, uniquePostsMins, maxRecipients }: DiscourseSettings,
): AccountFinding[] {
  if (typeof answer === 'number') {
    const text = `HTTP ${answer}: wrong apiKey or apiUsername, or the key's scopes do not include this request`;
    return [{ level: 'warning', text }];
  }
  if (answer.staff) return [];
  if (answer.maySendMessages === false) {
    const todo = 'add it to a group in personal_message_enabled_groups, or make it a moderator';
    return [{ level: 'failed', text: `${apiUsername} may not send personal messages: ${todo}` }];
  }
  const limits = `at most one message of the same text in ${uniquePostsMins} minutes, and ${maxRecipients} recipients per message`;
  return [{ level: 'warning', text: `${apiUsername} is an ordinary member: ${limits}; make it a moderator` }];
}
