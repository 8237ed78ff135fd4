import { z } from 'zod';
import { secret } from '../disclosure.ts';
import type { Problem } from '../message/problems.ts';
import { isPrivateAddress } from './private-address.ts';
import { count, duration, flag } from './values.ts';

/** The endpoints that receipts are posted to: their settings as users write them, and their parsed form. */

const STATES = ['delivered', 'suppressed', 'dead'] as const;

/** A list, or one element of it. */
const oneOrMore = <T extends z.ZodType>(element: T) =>
  z.union([element.transform((one) => [one]), z.array(element).min(1)]);

/** The names of endpoints, which logs and metrics use. */
export const WEBHOOK_NAME = /^[a-z0-9_-]{1,64}$/;

export const webhookShape = {
  /**
   * Where receipts are posted to: an https URL, without credentials. An http URL, or one to a private address, requires
   * `privateAddresses`.
   */
  url: z
    .string()
    .trim()
    .refine(isWebhookUrl, 'expected an http or https URL without credentials or fragment')
    .meta({ type: 'URL' }),
  /**
   * The secret that signs: `whsec_` and 24 to 64 bytes in base64. A list of two while one is replaced: both sign, so that a
   * receiver may know either.
   */
  secret: oneOrMore(secret(z.string().trim().min(1)))
    .refine((secrets) => secrets.length <= 2, 'expected one secret, or two while one is replaced')
    .meta({ type: 'text or list' }),
  /** The channels whose receipts are posted; all of this configuration when absent. */
  channels: z.array(z.string()).min(1).optional(),
  /** The final states that are posted. */
  states: z
    .array(z.enum(STATES))
    .min(1)
    .default([...STATES]),
  /** The longest time of one request; at most `15s`. */
  timeout: duration({ to: 15_000 }).default(10_000),
  /** The most requests at a time, at most 100. With 1, the receipts of a channel arrive in their order. */
  concurrency: count({ to: 100 }).default(10),
  /**
   * Whether the URL may lead to this machine or a private network. Otherwise such an address is not connected to, also where
   * a name resolves to it.
   */
  privateAddresses: flag().default(false),
};

const webhook = z.strictObject(webhookShape);

export const webhooksField = z
  .record(z.string().regex(WEBHOOK_NAME, 'expected up to 64 of a-z, 0-9, _ and -'), webhook)
  .default({});

function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}${hash}` === '';
}

/** An endpoint that receipts are posted to. */
export interface WebhookConfig {
  /** Of the endpoint, in logs and metrics. */
  name: string;
  url: string;
  /** One, or two while one is replaced. */
  secrets: readonly string[];
  channels: readonly string[];
  states: readonly (typeof STATES)[number][];
  timeoutMs: number;
  concurrency: number;
  privateAddresses: boolean;
}

export const toWebhooks = (
  webhooks: Readonly<Record<string, z.output<typeof webhook>>>,
  channels: readonly string[],
): WebhookConfig[] =>
  Object.entries(webhooks).map(([name, { secret: secrets, timeout: timeoutMs, channels: own, ...rest }]) => ({
    ...{ name, secrets, timeoutMs, channels: own ?? channels },
    ...rest,
  }));

/** Violations of the rules between the fields of an endpoint. Quotes neither secrets nor URLs, which may contain one. */
export function webhookProblems(webhooks: readonly WebhookConfig[], channels: readonly string[]): Problem[] {
  return webhooks.flatMap(({ name, url, secrets, channels: own, privateAddresses }) => {
    const at = (field: string, message: string): Problem => ({ path: `webhooks.${name}.${field}`, message });
    const problems: Problem[] = [];
    const { protocol, hostname } = new URL(url);
    if (protocol !== 'https:' && !privateAddresses)
      problems.push(at('url', 'must be an https URL, or privateAddresses must be true'));
    else if (!privateAddresses && isPrivateAddress(hostname))
      problems.push(at('url', 'is a private address: set privateAddresses to true if it is meant'));
    if (!secrets.every(isSigningSecret))
      problems.push(at('secret', 'expected whsec_ and 24 to 64 bytes in base64'));
    const unknown = own.find((channel) => !channels.includes(channel));
    if (unknown !== undefined)
      problems.push(at('channels', `no channel ${JSON.stringify(unknown)} in this configuration`));
    return problems;
  });
}

const SIGNING_SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;

/** Whether the text can sign; a placeholder that was not resolved counts as one that can. */
function isSigningSecret(text: string): boolean {
  if (text.includes('${')) return true;
  const { length } = Buffer.from(text.slice('whsec_'.length), 'base64');
  return SIGNING_SECRET.test(text) && length >= 24 && length <= 64;
}
