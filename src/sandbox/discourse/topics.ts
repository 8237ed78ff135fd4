import { asText } from '../fields.ts';
import type { Ruling } from '../request-handler.ts';
import { type Account, nameKey } from './accounts.ts';
import { refusal, TEXTS } from './rulings.ts';

export interface DiscourseTopic {
  id: number;
  title: string;
  /** Who began it. */
  sender: string;
  /** As they came, in lower case; groups included. */
  recipients: string[];
  externalId: string;
  posts: { id: number; raw: string }[];
  /** Out of the sender's inbox. */
  archived: boolean;
  /** The groups out of whose inbox it is as well: archiving takes those of the sender's along. */
  archivedGroups: string[];
  /** May be set: then only staff writes into it. */
  closed: boolean;
}

/** The topic that these fields of a post would begin. */
export function draft(id: number, by: Account, fields: Record<string, unknown>): DiscourseTopic {
  return {
    id,
    title: asText(fields['title']),
    sender: nameKey(by.username),
    recipients: asText(fields['target_recipients']).toLowerCase().split(',').filter(Boolean),
    externalId: asText(fields['external_id']).toLowerCase(),
    posts: [],
    archived: false,
    archivedGroups: [],
    closed: false,
  };
}

/** A reply has no archetype, and goes where its sender takes part and the topic is open; staff writes anywhere. */
export function replyProblem(
  by: Account,
  fields: Record<string, unknown>,
  topic: DiscourseTopic | undefined,
): Ruling | undefined {
  if (topic && fields['archetype'] === 'private_message') return refusal(TEXTS.existing);
  if (topic && by.staff) return undefined;
  const name = nameKey(by.username);
  const takesPart = topic && (topic.sender === name || topic.recipients.includes(name));
  return takesPart && !topic.closed ? undefined : { ...refusal(TEXTS.topic), result: 'topic_not_found' };
}
