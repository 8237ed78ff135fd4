import type { Ruling } from '../request-handler.ts';
import type { Account } from './accounts.ts';

/** What Discourse answers, in its own words (config/locales/server.en.yml). */
export const TEXTS = {
  category: "Category can't be blank",
  existing: "Sorry, you can't create a PM on an existing topic.",
  nobody: 'You must select a valid user.',
  unknown: 'One of the users you are sending this message to could not be found.',
  sender: 'Sorry, you cannot send a personal message to that user.',
  similar: 'Body is too similar to what you recently posted',
  topic: 'Something has gone wrong. Perhaps this topic was closed or deleted while you were looking at it?',
  notAccepting: (name: string) => `Sorry, ${name} is not accepting messages at the moment.`,
  tooMany: (max: number) => `Sorry, you can send a message to maximum ${max} recipients.`,
};

export const session = ({ username, staff, mayMessage }: Account): Ruling => ({
  result: 'session',
  status: 200,
  body: {
    current_user: {
      username,
      admin: staff,
      moderator: false,
      staff,
      can_send_private_messages: staff || mayMessage,
    },
  },
});

export const refusal = (...errors: string[]): Ruling => ({
  result: 'bad_request',
  status: 422,
  body: { action: 'create_post', errors },
});

export const invalidAccess = (): Ruling => ({
  result: 'bad_credentials',
  status: 403,
  body: {
    errors: ['You are not permitted to view the requested resource. The API username or key is invalid.'],
    error_type: 'invalid_access',
  },
});

export const notFound = (): Ruling => ({
  result: 'not_found',
  status: 404,
  body: { errors: ['The requested URL or resource could not be found.'], error_type: 'not_found' },
});
