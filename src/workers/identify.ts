import type { Clock } from '../clock.ts';
import type { ChannelConfig } from '../config/channel-schema.ts';
import type { Claims } from '../ledger/claims.ts';
import type { Grant, LedgerMessage } from '../ledger/types.ts';
import type { Answer, Candidate } from '../platforms/port.ts';
import { candidateBounds, selectCandidates } from '../policies/candidates.ts';

/** Decides whether one of the candidates on the platform is the message in doubt. */
export type Identify = (
  messages: readonly Candidate[],
  message: LedgerMessage,
  grant: Grant,
) => Promise<Answer>;

export interface IdentifyDeps {
  channel: ChannelConfig;
  claims: Claims;
  clock: Pick<Clock, 'now'>;
}

export function createIdentify({ channel, claims, clock }: IdentifyDeps): Identify {
  return async (messages, message, grant) => {
    const { ids, unsettled } = selectCandidates(
      messages,
      candidateBounds(channel, grant.doubtAt, clock.now()),
    );
    const platformMessageId = ids.length > 0 ? await claims.claim(message.key, ids) : undefined;
    if (platformMessageId !== undefined) return { kind: 'found', platformMessageId };
    return unsettled
      ? { kind: 'unsure', detail: 'a message of the same text may belong to a send in flight' }
      : { kind: 'not_found' };
  };
}
