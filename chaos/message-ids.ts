import { campaignMessageId } from '../src/ledger/names.ts';
import type { SandboxCall } from '../src/sandbox/index.ts';

/** The names of a run's messages, by which everything that is seen of a message is found. */

/** The name of the channel that a message, or a campaign, is for. */
export const channelNameOf = (id: string): string => id.slice(0, id.indexOf('-'));

/** What says in a message's text whose it is. */
export const textFor = (id: string): string => `This is ${id} for you`;

/** The same in a campaign's: the same for everybody, or with the recipient's name. */
export const campaignText = (campaign: string): string => `This is ${campaign} for {{ name }}`;
/** The name of those who have no data of their own. */
export const EVERYBODY = 'everybody';
export const nameOf = (recipient: string): string => `n${recipient.replace(/\W/g, '')}`;

const MESSAGE = /This is ([a-z]+-\d+) for you/;
const CAMPAIGN = /This is ([a-z]+-c\d+) for (\w+)/;

/** The message that a request was for. */
export function idOf({ content, recipient }: Pick<SandboxCall, 'content' | 'recipient'>): string | undefined {
  const campaign = CAMPAIGN.exec(content)?.[1];
  return campaign === undefined ? MESSAGE.exec(content)?.[1] : campaignMessageId(campaign, recipient);
}

/** The campaign that a message is of. */
export const campaignOf = (id: string): string | undefined => /^[a-z]+-c\d+(?=-)/.exec(id)?.[0];

/** The name that a campaign's text has for its recipient. */
export const nameIn = ({ content }: Pick<SandboxCall, 'content'>): string | undefined =>
  CAMPAIGN.exec(content)?.[2];
